"""Invented rows without a fault: six kinds of small tasks, about half of them without an input.

Only `randrange`, `choice` and `shuffle` of `random.Random` are used: their values have not changed
between Python versions.
"""

import json
from collections.abc import Callable
from random import Random

Row = dict[str, object]
Task = tuple[str, str, str]  # instruction, input, output

THINGS = (
    "kettle lamp desk fan radio scale speaker heater toaster clock mixer camera printer".split()
)
BRANDS = "Arvel Bromley Calder Dunmore Elstow Farrow Garnet Hollin Ister Juno".split()
PEOPLE = "Ada Bruno Chloé Dmitri Elif Farid Greta Hana Ines Jonas Kofi Lena Mateo Nia".split()
CITIES = "Aarhus Bergen Coimbra Dijon Essen Faro Ghent Høyanger Innsbruck".split()
MONTHS = (
    "January February March April May June July August September October November December".split()
)
UNITS = [
    ("kilometres", "metres", 1000),
    ("metres", "centimetres", 100),
    ("hours", "minutes", 60),
    ("minutes", "seconds", 60),
    ("kilograms", "grams", 1000),
    ("litres", "millilitres", 1000),
    ("days", "hours", 24),
    ("dozens", "pieces", 12),
]
GOOD = [
    "arrived a day early",
    "works without a sound",
    "is easy to clean",
    "looks better than in the photo",
    "still runs like new after a year",
    "was worth every cent",
]
BAD = [
    "stopped working within a week",
    "smells of burnt plastic",
    "came without a plug",
    "is far too loud for a bedroom",
    "has a lid that never closes",
    "cost twice what it should",
]


def units(rng: Random) -> Task:
    """Unit conversion."""
    source, target, factor = rng.choice(UNITS)
    n = 2 + rng.randrange(400)
    ask = rng.choice(
        [
            f"Convert {n} {source} to {target}.",
            f"How many {target} are {n} {source}?",
            f"Express {n} {source} in {target}.",
        ]
    )
    return ask, "", f"{n} {source} are {n * factor} {target}."


def sums(rng: Random) -> Task:
    """Word problems with small numbers."""
    who, thing = rng.choice(PEOPLE), rng.choice(THINGS)
    have, more, price = 2 + rng.randrange(30), 2 + rng.randrange(20), 3 + rng.randrange(40)
    total = have + more
    kind = rng.randrange(2)
    if kind == 0:
        ask = f"{who} has {have} boxes and packs {more} more. How many boxes are there in all?"
        return ask, "", f"{have} + {more} = {total}. There are {total} boxes."
    ask = f"One {thing} costs {price} euros. What do {have} of them cost {who}?"
    return ask, "", f"{have} × {price} = {have * price}. They cost {have * price} euros."


def help_desk(rng: Random) -> Task:
    """Questions to a shop, answered in steps."""
    brand, thing, days = rng.choice(BRANDS), rng.choice(THINGS), 7 * (1 + rng.randrange(8))
    kind = rng.randrange(3)
    if kind == 0:
        ask = f"My {brand} {thing} does not switch on. What can I try, if I bought it {days} days ago?"
        steps = [
            "Check that the plug sits firmly.",
            "Try another socket.",
            "Hold the switch for 5 s.",
        ]
        return ask, "", "\n".join(f"{i}. {s}" for i, s in enumerate(steps, 1))
    if kind == 1:
        ask = f"Can I return a {brand} {thing} after {days} days?"
        answer = "Yes, with the receipt." if days <= 30 else "No, returns end after 30 days."
        return ask, "", answer
    ask = f"Write a polite reply: the {brand} {thing} ships {days} days late."
    return (
        ask,
        "",
        f"We are sorry: your {brand} {thing} will leave us {days} days later than planned.",
    )


def notes(rng: Random) -> Task:
    """One-sentence summaries of product notes."""
    brand, thing, city = rng.choice(BRANDS), rng.choice(THINGS), rng.choice(CITIES)
    watts, grams = 20 * (1 + rng.randrange(90)), 50 * (4 + rng.randrange(60))
    good, bad = rng.choice(GOOD), rng.choice(BAD)
    note = (
        f"The {brand} {thing} is built in {city}, draws {watts} W and weighs {grams} g. "
        f"In our test one buyer wrote that it {good}. Another wrote that it {bad}. "
        f"A paper manual is included; spare parts are kept for {2 + rng.randrange(9)} years."
    )
    ask = rng.choice(["Summarise the note in one sentence.", "Sum up this product note."])
    return (
        ask,
        note,
        f"The {watts} W {brand} {thing} from {city} weighs {grams} g; opinions differ.",
    )


def reviews(rng: Random) -> Task:
    """Sentiment of a review."""
    brand, thing = rng.choice(BRANDS), rng.choice(THINGS)
    first, second = (rng.choice(rng.choice([GOOD, BAD])) for _ in range(2))
    hits = (first in GOOD) + (second in GOOD)
    text = f"{rng.choice(PEOPLE)}: The {brand} {thing} {first}. It also {second}."
    ask = "Is this review positive, negative or mixed?"
    return ask, text, ["negative", "mixed", "positive"][hits]


def dates(rng: Random) -> Task:
    """Dates rewritten as ISO 8601."""
    day, month, year = 1 + rng.randrange(28), 1 + rng.randrange(12), 1950 + rng.randrange(90)
    name = MONTHS[month - 1]
    text = rng.choice([f"{day} {name} {year}", f"{name} {day}, {year}", f"{day}.{month}.{year}"])
    return "Rewrite the date in ISO 8601.", text, f"{year}-{month:02}-{day:02}"


def extract(rng: Random) -> Task:
    """Fields of an order as JSON."""
    who, city, thing = rng.choice(PEOPLE), rng.choice(CITIES), rng.choice(THINGS)
    n = 1 + rng.randrange(9)
    text = f'{who} from {city} orders {n} × "{thing}" (order {10000 + rng.randrange(90000)}).'
    answer = json.dumps({"name": who, "city": city, "item": thing, "count": n}, ensure_ascii=False)
    return "Extract name, city, item and count as JSON.", text, answer


KINDS: dict[str, Callable[[Random], Task]] = {
    f.__name__: f for f in (units, sums, help_desk, notes, reviews, dates, extract)
}
WEIGHTED = ["units", "sums", "help_desk"] * 4 + ["notes", "reviews", "dates", "extract"] * 3


def clean(rng: Random, count: int, seen: set[tuple[str, str]]) -> list[Row]:
    """`count` rows, no prompt of which is in `seen` or comes twice; `seen` grows by them."""
    rows: list[Row] = []
    while len(rows) < count:
        source = rng.choice(WEIGHTED)
        instruction, text, output = KINDS[source](rng)
        if (instruction, text) in seen:
            continue
        seen.add((instruction, text))
        row: Row = {"instruction": instruction, "input": text, "output": output}
        row |= {"source": source, "lang": "en"}
        if rng.randrange(3) == 0:
            row["meta"] = {
                "rating": 1 + rng.randrange(5),
                "tags": [source, "demo"],
                "by": {"bot": False},
            }
        rows.append(row)
    return rows


def foreign() -> list[Row]:
    """Rows of other scripts and near misses of the separator: nothing is wrong with them."""
    texts = [
        ("Translate into English.", "お湯が沸きました。", "The water has boiled.", "ja"),
        ("Translate into English.", "这台收音机很好。", "This radio is very good.", "zh"),
        (
            "Übersetze ins Englische.",
            "Die Lampe ist größer als der Tisch.",
            "The lamp is larger than the desk.",
            "de",
        ),
        ("Traduis en anglais.", "La bouilloire est cassée.", "The kettle is broken.", "fr"),
        ("ترجم إلى الإنجليزية.", "الساعة على الطاولة.", "The clock is on the table.", "ar"),
        ("Which emoji shows a family?", "", "👨‍👩‍👧‍👦", "en"),
        ("Which flag is this?", "🇳🇴", "The flag of Norway 🇳🇴.", "en"),
        ("Is this one letter?", "é", "Yes, one code point.", "en"),
        # The same letter from two code points: another text, so no duplicate of the row above.
        ("Is this one letter?", "e\u0301", "One letter, two code points.", "en"),
        ("Write a heading.", "## Kettles", "### Kettles and lamps\n\nAll we sell.", "en"),
        (
            "What does ## mean in Markdown?",
            "",
            "A heading of the second level.\n## like this",
            "en",
        ),
        ("Name the control character.", "a\u0000b", "NUL, U+0000.", "en"),
    ]
    return [
        {"instruction": i, "input": t, "output": o, "source": "foreign", "lang": lang}
        for i, t, o, lang in texts
    ]
