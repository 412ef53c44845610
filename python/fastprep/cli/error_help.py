"""The help for each error, for shell users: in flags of the command and keys of a plan file, without Python.

One table by code. An error's own help is for users of the Python interface.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fastprep.exceptions import FastprepError

SAME = "SAME"
"""The error's own help is also right at a shell."""

# COLUMN, TOKEN and FOLDER are replaced by what the error names. An empty text means that no help is needed.
HELP: dict[str, str] = {
    # options and plans
    "bad_option": "fastprep COMMAND --help lists the options of a command",
    "bad_chain": "move the [[step]] to where the message says",
    "dialect_refused": SAME,
    "no_dialect": 'add a [[step]] with verb = "read_as" before it, with dialect and columns',
    "bad_baseline": "write one with fastprep inspect --json",
    "bad_pattern": SAME,
    "bad_template": "write {{ and }} for braces in the text, and --template '{column}' in single quotes",
    "bad_prompt_format": "give --separator and --stop texts that occur in no row, such as '\\n##\\n' and '\\n###\\n'",
    "bad_chat_format": "name a tokenizer folder with a chat template, or a .jinja file",
    "no_clock": "set the time that the template reads: now",
    "bad_max_length": "give --max-length (max_length of the step tokenize) 2 or more; pack needs one too",
    "bad_sink": "name each format once, and use only letters, digits and _ in names of splits",
    "bad_glob": "write [[] for a literal [",
    "no_input": "give at least one path, glob or folder",
    "not_row_wise": "write the SQL so that the value for each row depends on that row only",
    "not_formatted": 'add a [[step]] with verb = "format" before it',
    "no_tokenizer": "give --tokenizer, or --no-eos",
    "no_eos": "give --tokenizer the folder with tokenizer_config.json, or give --no-eos",
    "forked": "start the command from a process that does not fork",
    "row_index_too_large": "lower offset in the step with_row_index",
    "in_splits": "choose what happens to them: --existing replace assigns all rows again, --existing keep only those "
    "of train; without --valid and --test all rows stay in their splits",
    "unknown_split": "do not change the column COLUMN, or rename it and make new splits",
    "other_keys": "give the step dedup the same on and normalize as for that folder, or prepare that folder again",
    "bad_plan_file": SAME,
    "bad_plan": SAME,
    "not_supplied": SAME,
    "newer_plan": SAME,
    "not_used": SAME,
    "other_content": SAME,
    "packed_rows": "prepare the rows without --pack",
    "preference_rows": "say for which trainer: see the page on preferences",
    "other_cursor": "load the cursor into a loader of the same data set and seed",
    "remote_path": "copy the input to this machine before the run, or the output to the remote storage after it",
    "cannot_pickle": "name files as inputs",
    # columns
    "misspelt_column": "",
    "missing_column": "name an existing column in --template, --completion, --rendered, --filter, --select or --by, "
    "or in the step that the message names",
    "wrong_type": "name a text column instead of COLUMN in --template or --completion; to convert numbers, add a "
    '[[step]] with verb = "with_columns" and SQL such as CAST(COLUMN AS STRING)',
    "wrong_column_type": "prepare the rows again from the raw text",
    "duplicate_column": 'rename COLUMN in the data, or with a [[step]] with verb = "rename"',
    "reserved_column": "rename COLUMN in the data",
    # inputs
    "not_found": "relative paths start at FOLDER; folders are searched for files of the formats that are read",
    "not_a_file": "pass it as standard input: fastprep prepare - < PIPE",
    "vanished": "do not move the inputs during the run",
    "changed": "wait until the file is complete, or work on a copy",
    "cannot_read": "check the file's permissions and the disk: ls -l shows who may read it",
    "unsupported_format": "unpack bzip2, xz and zip first; convert text with iconv -f UTF-16 -t UTF-8, CR line ends "
    "with tr '\\r' '\\n'",
    "unknown_format": "leave the file out, or convert it to one of the formats that are read",
    "mixed_formats": "prepare the files of each format by themselves, or join them in a plan file",
    "json_array": "write a line for each row: jq -c '.[]' FILE > rows.jsonl",
    "corrupt_json": "correct the file at this place, or download it again; jq -c '.[]' FILE > rows.jsonl reads several "
    "arrays",
    "bad_header": "name each column in the first record, or set has_header = false in [source] of a plan file",
    "unclear_separator": 'set separator = "," in [source] of a plan file',
    "corrupt_csv": "write two quotes for a quote within a quoted field, or close the one that the message names; if "
    'quotes are ordinary text, set quote_char = "" in [source] of a plan file',
    "corrupt_gzip": "download the file again; gzip -t FILE tests it",
    "corrupt_zstd": "download the file again; zstd -t FILE tests it",
    "corrupt_arrow": "create the Arrow data again",
    "bad_dataset": "copy the folder again, or save it again; a glob such as 'folder/*.arrow' reads its files alone",
    "corrupt_ipc": "copy or write the file again; if its writer was stopped, run it again",
    "corrupt_parquet": "download or write the file again",
    "schema_mismatch": "prepare the files separately, or write them with the same columns",
    "schema_changed": "write the input again with the same columns in every batch",
    "read_twice": "write standard input to a file first, and name that",
    "not_prepared": "give the folder that was written with --out; a run that was stopped publishes nothing",
    "bad_manifest": "prepare the data again, or restore manifest.json",
    "newer_manifest": "pip install --upgrade fastprep",
    "missing_shard": "copy the whole folder again, or prepare the data again",
    "damaged_shard": "copy the file again, or prepare the data again; fastprep verify lists all damaged files",
    "no_arrow_shards": 'prepare the data again with "arrow" among the formats of [sink]',
    "no_keys": "prepare that folder again without --no-dedup",
    "bad_keys": "prepare that folder again",
    # data
    "bad_messages": "write the messages as a list of objects with role and content",
    "chat_not_rendered": "check the roles of the messages, and their order",
    "too_many_rejects": "a run writes its rejects to a file, each with its reason and place",
    "refused_by_target": "fastprep lint FILE --target TARGET lists what a target refuses",
    "no_rows": "check the input: it must have rows that the plan keeps",
    "no_columns": 'keep a column: a [[step]] with verb = "select" names the columns that stay',
    "row_too_large": "remove the row, or shorten it",
    "text_too_large": "set FASTPREP_BATCH_ROWS=100 in the environment, or shorten the values",
    "too_large": "shorten the text",
    "null_id": "",
    "bad_record": "",
    "not_this_format": "",
    "no_stop_token": "",
    "no_pair": "choose --separator and --stop yourself, and check the result with fastprep preview",
    "source_without_weight": "give each source a weight in the step mix, or 0 to leave its rows out",
    "source_without_rows": "correct the name in the weights of the step mix, or take it out",
    "too_many_rows": "prepare the data in parts, each with its own --out",
    "empty_batch": "",
    "uneven_row": "prepare the rows again from the raw text",
    # tokenizers
    "tokenizer_not_found": "give --tokenizer a tokenizer.json or its folder; names of models are not looked "
    "up: run hf download MODEL tokenizer.json tokenizer_config.json --local-dir MODEL_DIR first",
    "tokenizer_unreadable": "check the file's permissions: ls -l shows who may read it",
    "tokenizer_not_json": "give --tokenizer a tokenizer.json, not a tokenizer.model or a vocabulary",
    "tokenizer_broken": "download tokenizer.json again, or write it with tokenizers 0.23",
    "tokenizer_folder": "give --tokenizer the file tokenizer.json, or a folder written by transformers 5",
    "tokenizer_changed": "",
    "tokenizer_unknown": "name the file after its encoding, cl100k_base.tiktoken, or give a tokenizer.json",
    "ids_differ": "this is a bug in fastprep: please report the text of the row and the tokenizer",
    "tokenizer_random": "set model.dropout to null in tokenizer.json",
    "cannot_encode": "remove the row, or give another --tokenizer",
    "cannot_decode": "",
    # outputs
    "exists": "name another --out, or give --overwrite to replace the folder (overwrite = true in [sink])",
    "not_ours": "name another --out: fastprep removes only folders that it wrote",
    "own_output": "name an --out outside the folder of the inputs, or name the inputs by a glob such as 'raw/*.jsonl'",
    "locked": "wait for the other run to end, or name another --out",
    "disk_full": "free disk space (df -h shows it) and run again; nothing was published",
    "read_only": "name an --out with permission to write",
    "cannot_write": "name an --out on a disk that can be written",
    # functions
    "callback_failed": 'check the SQL of the step, and the cause after "because"',
    "rows_changed": "",
    "columns_changed": "cast the column in the SQL of the step: CAST(COLUMN AS STRING)",
    "internal": "this is a bug in fastprep: please report it with the command that caused it",
    "cancelled": "",
}

NO_COLUMNS = (
    "the input is empty, or none of its first lines or elements is an object {…}: CSV is read with csv = … in [source]"
)

# The help for an error about many rows, by the reason that removed most of them.
REASONS: dict[str, str] = {
    "bad_json": "fix the program that wrote the lines: most often it does not escape line ends within text, or, where "
    "the detail says trailing text, writes two values on one line",
    "bad_utf8": "find the encoding, often WINDOWS-1252, and convert the file: iconv -f ENCODING -t UTF-8; in a file of "
    "UTF-16 the row holds half of a character, so that it must be written again",
    "bad_csv": "fix the program that wrote the file: quote a field that has quotes or line ends, and write two "
    "quotes for each quote within it",
    "wrong_field_count": "quote fields that have the separator in them, or set separator in [source] of a plan file",
    "not_an_object": "write each row as an object with columns: jq -c '{text: .}' wraps plain values",
    "line_too_long": "check the line ends: often the file is a single line; or raise max_line_bytes in [source]",
    "missing_field": "make COLUMN optional: --template '…{#COLUMN}…{COLUMN}…{/COLUMN}', or name another column",
    "wrong_type": "name a text column instead of COLUMN in --template or --completion",
    "not_in_dialect": 'repair what the detail names, or give the step read_as another dialect; "none" keeps all rows',
    "filtered": "check --filter, or the sql of the step filter: it is false or null for these rows",
    "blank_field": "fill in COLUMN, or remove it from not_blank in the step validate",
    "too_short": "lower min_chars for COLUMN in the step validate",
    "too_many_chars": "raise max_chars for COLUMN in the step validate",
    "value_not_allowed": "add the values to allowed for COLUMN in the step validate",
    "empty_prompt": "for data without prompts give --template ''; otherwise name other columns in --template",
    "empty_completion": "name the column with the answers: --completion '{column}'",
    "separator_collision": "give another --separator, or --on-collision insert_space",
    "stop_collision": "give another --stop, or --on-collision insert_space",
    "special_token_in_text": "if the rows end in TOKEN, give --stop 'TOKEN'; otherwise choose what happens to it: "
    "--special-tokens as_text, strip or as_token",
    "bad_messages": "repair what the detail names in the messages",
    "chat_not_rendered": "change what the detail names, such as the order of roles, or give another --chat-template",
    "not_printed": "give another --chat-template that prints such texts, or keep the rows: --on-dropped keep",
    "cut": "give another --chat-template that prints such texts, or keep the rows: --on-dropped keep",
    "turn_interleaved": "train only the last turn, --train last, or give another --chat-template",
    "repr": "write the content of the messages as text instead of parts",
    "printed_twice": "give another --chat-template",
    "not_proven": "train only the last turn, --train last, or give another --chat-template",
    "no_prompt": "remove the first turn of the assistant, or give it the weight 0; before an answer with a label put a "
    "turn of the user",
    "prompt_differs": "set the variable that decides it, template_kwargs in a [[step]] format; for rows without "
    "preferences make a row of each turn, --history split_turns; or give a --chat-template made for training",
    "no_end_token": "give a --chat-template that ends each turn of the assistant with a token, or, for rows without "
    "preferences, --on-open-end append_eos",
    "unused_weight": "set weights = true in a [[step]] format",
    "same_answers": "nothing can be learnt from them; keep them by --on-same-answers keep",
    "untrained_within": "keep the rows for reward models, which train no token: --on-untrained keep",
    "duplicate": "give --no-dedup, or name the columns that distinguish rows: on in the step dedup",
    "duplicate_against": "remove that folder from against in the step dedup to prepare its rows again",
    "past_head": "nothing is wrong with these rows: head keeps only the first rows in the order that reaches it",
    "not_sampled": "nothing is wrong with these rows: sample keeps only so many rows",
    "surplus": 'nothing is wrong with these rows: how = "oversample" of balance, or on_exhausted = "repeat" of mix, '
    "keeps all rows",
    "other_answer": "choose keep of resolve_conflicts, or name the columns that tell the prompts apart",
    "not_in_target": "repair what the detail names, or choose another target",
    "too_long": "give a larger --max-length, or --on-overflow truncate_prompt_left",
    "no_trained_token": "check --completion and --stop: the tokenizer makes no token of them",
}


def help_for(error: FastprepError) -> str | None:
    """The help for an error, in a sentence; None if the message needs none."""
    code, _, named = (error.reason or "").partition(":")
    # With the policy "raise", the code of the error is the reason for its row.
    text = REASONS.get(code) or HELP.get(error.code) or REASONS.get(error.code)
    if error.code == "missing_column" and "the input has no columns" in str(error):
        text = NO_COLUMNS
    if error.code == "bad_option" and "`rejected`" in str(error):
        text = "name the column in braces: --rejected '{column}'"
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
