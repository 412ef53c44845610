"""What to do about an error, for people at a shell: flags of the command and keys of a plan file, no Python.

One table by code. The help of an error itself is for callers of the Python interface.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fastprep.exceptions import FastprepError

SAME = "SAME"
"""The error's own help speaks of files and of the plan file alone."""

# COLUMN, TOKEN and FOLDER stand for what the error names; an empty text means that the message says it all.
HELP: dict[str, str] = {
    # options and plans
    "bad_option": "fastprep COMMAND --help lists the options of a command",
    "bad_chain": "put the [[step]] where the message says",
    "bad_template": "write {{ and }} for braces in the text, and --template '{column}' in single quotes",
    "bad_prompt_format": "give --separator and --stop texts that occur in no row, such as '\\n##\\n' and '\\n###\\n'",
    "bad_max_length": "give --max-length (max_length of the step tokenize) 2 or more; pack needs one too",
    "bad_sink": "name formats once each, and splits in letters, digits and _",
    "bad_glob": "write [[] for a literal [",
    "no_input": "give at least one path, glob or folder",
    "not_row_wise": "write the SQL so that each row's answer comes from that row alone",
    "not_formatted": "put a [[step]] with verb = \"format\" before it",
    "no_tokenizer": "give --tokenizer, or --no-eos",
    "no_eos": "give --tokenizer the folder with tokenizer_config.json, or --no-eos",
    "forked": "start the command from a process that does not fork",
    "row_index_too_large": "lower offset in the step with_row_index",
    "in_splits": "say what becomes of them: --existing replace draws all rows, --existing keep those of train alone; "
    "without --valid and --test all stay where they are",
    "unknown_split": "leave the column COLUMN as it is, or rename it and make new splits",
    "other_keys": "give the step dedup the same on and normalize as that folder had, or prepare that folder again",
    "bad_plan_file": SAME,
    "bad_plan": SAME,
    "not_supplied": SAME,
    "newer_plan": SAME,
    "not_used": SAME,
    "other_content": SAME,
    "packed_rows": "prepare the rows without --pack",
    "other_cursor": "load the cursor into a loader of the same data set and seed",
    "remote_path": "copy with the tool of that storage: before the run what it reads, after it what it wrote",
    "cannot_pickle": "name files as inputs",
    # columns
    "misspelt_column": "",
    "missing_column": "name a column that is there in --template, --completion, --rendered, --filter, --select or "
    "--by, or in the step that the message names",
    "wrong_type": "name a column of text instead of COLUMN in --template or --completion; numbers become text by a "
    '[[step]] with verb = "with_columns" and SQL such as CAST(COLUMN AS STRING)',
    "wrong_column_type": "prepare the rows from their raw text again",
    "duplicate_column": "rename COLUMN in the data, or by a [[step]] with verb = \"rename\"",
    "reserved_column": "rename COLUMN in the data",
    # inputs
    "not_found": "relative paths start at FOLDER; folders are searched for JSON lines",
    "not_a_file": "pass it as standard input: fastprep prepare - < PIPE",
    "vanished": "keep the inputs in place until the run has ended",
    "changed": "wait until the file is complete, or work on a copy",
    "cannot_read": "check the file's permissions and the disk: ls -l shows who may read it",
    "unsupported_format": "unpack bzip2, xz and zip first; convert text with iconv -f UTF-16 -t UTF-8, CR line ends "
    "with tr '\\r' '\\n'; Parquet is read where all inputs end in .parquet",
    "json_array": "write a line for each row: jq -c '.[]' FILE > rows.jsonl",
    "corrupt_gzip": "fetch the file again; gzip -t FILE tests it",
    "corrupt_zstd": "fetch the file again; zstd -t FILE tests it",
    "corrupt_arrow": "write or make the Arrow data again",
    "corrupt_parquet": "fetch or write the file again",
    "schema_mismatch": "prepare the files apart, or write them with the same columns",
    "schema_changed": "write the input again with the same columns in every batch",
    "read_twice": "write standard input to a file first, and name that",
    "not_prepared": "give the folder that --out named; a run that was stopped publishes nothing",
    "bad_manifest": "prepare the data again, or restore manifest.json",
    "newer_manifest": "pip install --upgrade fastprep",
    "missing_shard": "copy the whole folder again, or prepare the data again",
    "damaged_shard": "copy the file again, or prepare the data again; fastprep verify names all that are damaged",
    "no_arrow_shards": "prepare the data again with \"arrow\" among the formats of [sink]",
    "no_keys": "prepare that folder again without --no-dedup",
    "bad_keys": "prepare that folder again",
    # data
    "too_many_rejects": "a run keeps its rejects, each with its reason and place",
    "no_rows": "look at the input: it must hold rows that the plan keeps",
    "no_columns": "keep a column: a [[step]] with verb = \"select\" names those that stay",
    "row_too_large": "take the row out, or shorten it",
    "text_too_large": "set FASTPREP_BATCH_ROWS=100 in the environment, or shorten the values",
    "too_large": "shorten the text",
    "null_id": "",
    "bad_record": "",
    "not_this_format": "",
    "no_pair": "make up --separator and --stop, and look at the result with fastprep preview",
    "too_many_rows": "prepare the data in parts, each to an --out of its own",
    "empty_batch": "",
    "uneven_row": "prepare the rows from their raw text again",
    # tokenizers
    "tokenizer_not_found": "give --tokenizer a tokenizer.json or its folder; a model's name is not looked "
    "up: hf download MODEL tokenizer.json tokenizer_config.json --local-dir MODEL_DIR fetches them",
    "tokenizer_unreadable": "check the file's permissions: ls -l shows who may read it",
    "tokenizer_not_json": "give --tokenizer a tokenizer.json, not a tokenizer.model or a vocabulary",
    "tokenizer_broken": "fetch tokenizer.json again, or one that tokenizers 0.23 writes",
    "tokenizer_folder": "give --tokenizer the tokenizer.json itself, or a folder that transformers 5 has written",
    "tokenizer_changed": "",
    "tokenizer_unknown": "name the file after its encoding, cl100k_base.tiktoken, or give a tokenizer.json",
    "ids_differ": "this is a defect of fastprep: please report the text of the row and the tokenizer",
    "tokenizer_random": "set model.dropout to null in tokenizer.json",
    "cannot_encode": "take the row out, or give another --tokenizer",
    "cannot_decode": "",
    # outputs
    "exists": "name another --out, or give --overwrite to replace it (overwrite = true in [sink])",
    "not_ours": "name another --out: nothing is removed that fastprep did not make",
    "own_output": "name an --out outside the folder of the inputs, or name the inputs by a glob such as 'raw/*.jsonl'",
    "locked": "wait for the other run to end, or name another --out",
    "disk_full": "free some space (df -h shows how much there is) and run again; nothing was published",
    "read_only": "name an --out where you may write",
    "cannot_write": "name an --out on a disk that can be written",
    # functions
    "callback_failed": "look at the SQL of the step, and at what follows \"because\"",
    "rows_changed": "",
    "columns_changed": "cast the column in the SQL of the step: CAST(COLUMN AS STRING)",
    "internal": "this is a defect of fastprep; please report it with the command that led here",
    "cancelled": "",
}

NO_COLUMNS = "the input is empty, or no line of its head is an object {…}; convert CSV to JSON lines or Parquet first"

# What to do where most rows were taken out for a reason.
REASONS: dict[str, str] = {
    "bad_json": "repair the program that wrote the lines: most often it does not escape line ends within text",
    "bad_utf8": "find the encoding and convert the file: iconv -f WINDOWS-1252 -t UTF-8",
    "not_an_object": "write each row as an object with columns: jq -c '{text: .}' wraps plain values",
    "line_too_long": "check the line ends: mostly the whole file is one line; or raise max_line_bytes in [source]",
    "missing_field": "put COLUMN in an optional part: --template '…{#COLUMN}…{COLUMN}…{/COLUMN}', or name another",
    "wrong_type": "name a column of text instead of COLUMN in --template or --completion",
    "filtered": "look at --filter, or at the sql of the step filter: it is false or null for these rows",
    "blank_field": "fill COLUMN in, or take it out of not_blank in the step validate",
    "too_short": "lower min_chars for COLUMN in the step validate",
    "too_many_chars": "raise max_chars for COLUMN in the step validate",
    "value_not_allowed": "add the values to allowed for COLUMN in the step validate",
    "empty_prompt": "for data without prompts give --template ''; else name other columns in --template",
    "empty_completion": "name the column that holds the answers: --completion '{column}'",
    "separator_collision": "give another --separator, or --on-collision insert_space",
    "stop_collision": "give another --stop, or --on-collision insert_space",
    "special_token_in_text": "where the rows end in TOKEN, give --stop 'TOKEN'; else choose what happens to it: "
    "--special-tokens as_text, strip or as_token",
    "duplicate": "give --no-dedup, or name the columns that tell rows apart: on in the step dedup",
    "duplicate_against": "take that folder out of against in the step dedup to prepare its rows again",
    "past_head": "nothing is wrong with them: head keeps the first rows in the order that reaches it",
    "too_long": "give a larger --max-length, or --on-overflow truncate_prompt_left",
    "no_trained_token": "look at --completion and --stop: the tokenizer makes no token of them",
}


def help_for(error: FastprepError) -> str | None:
    """What to do about it, in a sentence; None where the message says it all."""
    code, _, named = (error.reason or "").partition(":")
    # With the policy "raise", the code of the error is the reason of its row.
    text = REASONS.get(code) or HELP.get(error.code) or REASONS.get(error.code)
    if error.code == "missing_column" and "the input has no columns" in str(error):
        text = NO_COLUMNS
    if text == SAME:
        return error.help
    if not text:
        return None
    if error.code not in HELP:
        return _filled(text, error.column, None)
    if code and error.code == "too_many_rejects":
        text = f"{text}; {HELP[error.code]}"
    return _filled(text, named or error.column, named)


def _filled(text: str, column: str | None, token: str | None) -> str:
    for mark, named in (("COLUMN", column or "column"), ("TOKEN", token or "the token"), ("FOLDER", os.getcwd())):
        text = text.replace(mark, named)
    return text
