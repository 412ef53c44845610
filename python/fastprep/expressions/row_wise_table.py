"""The parts of polars expressions that give one value for each row, from that row only.

The names are those in the tree that polars writes as JSON. A function that a later polars adds is refused until it is
listed here and has an example in `tests/support/polars_methods.py`.
"""

from __future__ import annotations

from typing import Final

OPERATORS: Final = frozenset(
    "Eq EqValidity NotEq NotEqValidity Lt LtEq Gt GtEq And Or Xor Plus Minus Multiply TrueDivide FloorDivide "
    "TruncDivide Modulus".split()
)

# By the group in polars' tree; the group "" has the functions without one.
FUNCTIONS: Final = {
    group: frozenset(names.split())
    for group, names in {
        "": "Abs AsStruct Atan2 Bin Ceil Clip Coalesce Cut Erf Erfc Exp FillNull Floor Hash Log Log1p MaxHorizontal "
        "MeanHorizontal MinHorizontal Negate Reinterpret RepeatBy Replace ReplaceStrict Round RoundSF Sign "
        "SumHorizontal Truncate",
        "ArrayExpr": "ArgMax ArgMin Concat Contains CountMatches Get Join Length Max Mean Median Min Shift Sort Std "
        "Sum ToList ToStruct Var",
        "BinaryExpr": "Base64Decode Base64Encode Contains EndsWith Get Head HexDecode HexEncode Reinterpret Size Slice "
        "StartsWith Tail",
        "Bitwise": "CountOnes CountZeros LeadingOnes LeadingZeros TrailingOnes TrailingZeros",
        "Boolean": "AllHorizontal AnyHorizontal IsBetween IsClose IsFinite IsIn IsInfinite IsNan IsNotNan IsNotNull "
        "IsNull Not",
        "Business": "AddBusinessDay BusinessDayCount IsBusinessDay",
        "Categorical": "EndsWith LenBytes LenChars Slice StartsWith",
        "Extension": "Storage",
        "FillNullWithStrategy": "One Zero",
        "ListExpr": "ArgMax ArgMin Concat Contains CountMatches Diff DropNulls Gather GatherEvery Get Join Length Max "
        "Mean Median Min SetOperation Shift Slice Sort Std Sum ToArray ToStruct Var",
        "Pow": "Cbrt Generic Sqrt",
        "Range": "DateRanges DatetimeRanges IntRanges LinearSpaces TimeRanges",
        "Sql": "Binary IsIn Round ToFloat",
        "StringExpr": "Base64Decode Base64Encode ConcatHorizontal Contains ContainsAny CountMatches EndsWith "
        "EscapeRegex Extract ExtractAll ExtractGroups ExtractMany Find FindMany Format Head HexDecode HexEncode "
        "JsonDecode JsonPathMatch LenBytes LenChars Lowercase Normalize PadEnd PadStart Replace ReplaceMany Reverse "
        "Slice Split SplitExact SplitN SplitRegex StartsWith StripChars StripCharsEnd StripCharsStart "
        "StripPrefix StripSuffix Strptime Tail Titlecase ToDecimal ToInteger Uppercase ZFill",
        "StructExpr": "Drop FieldByName JsonEncode PrefixFields RenameFields SuffixFields",
        "TemporalExpr": "BaseUtcOffset CastTimeUnit Century Combine ConvertTimeZone DSTOffset Date DatetimeFunction "
        "Day DaysInMonth Duration Hour IsLeapYear IsoYear Microsecond Millennium Millisecond Minute Month MonthEnd "
        "MonthStart Nanosecond OffsetBy OrdinalDay Quarter Replace ReplaceTimeZone Round Second Time TimeStamp "
        "ToString TotalDays TotalHours TotalMicroseconds TotalMilliseconds TotalMinutes TotalNanoseconds TotalSeconds "
        "Truncate Week WeekDay Year",
        "Trigonometry": "ArcCos ArcCosh ArcSin ArcSinh ArcTan ArcTanh Cos Cosh Cot Degrees Radians Sin Sinh Tan Tanh",
    }.items()
}

# Arguments that these functions use as one set or table for all rows. They must be literals: of a column, polars would
# use all values of the batch.
TABLE_ARGUMENTS: Final = {
    "Boolean.IsIn": slice(1, 2),
    "Sql.IsIn": slice(1, 2),
    "Replace": slice(1, 3),
    "ReplaceStrict": slice(1, 3),
    "ArrayExpr.CountMatches": slice(1, 2),
    "ListExpr.CountMatches": slice(1, 2),
    "StringExpr.ContainsAny": slice(1, 2),
    "StringExpr.ExtractMany": slice(1, 2),
    "StringExpr.FindMany": slice(1, 2),
    "StringExpr.Replace": slice(1, 2),
    "StringExpr.ReplaceMany": slice(1, 3),
    "Business.AddBusinessDay": slice(2, 3),
    "Business.BusinessDayCount": slice(2, 3),
    "Business.IsBusinessDay": slice(1, 2),
}

# Where the first argument is a constant and others are not, polars computes a batch of one row and refuses longer ones.
NEEDS_COLUMN: Final = frozenset(
    "Boolean.IsIn Sql.IsIn ReplaceStrict Business.AddBusinessDay Business.BusinessDayCount Business.IsBusinessDay "
    "StringExpr.CountMatches StringExpr.Extract StringExpr.ExtractAll StringExpr.JsonPathMatch StringExpr.Replace "
    "StringExpr.Split StringExpr.SplitExact StringExpr.SplitN TemporalExpr.Replace "
    "StringExpr.StripChars StringExpr.StripCharsEnd StringExpr.StripCharsStart StringExpr.Strptime "
    "TemporalExpr.ReplaceTimeZone".split()
)

RENAMES: Final = frozenset("Prefix Suffix Replace StripPrefix StripSuffix ToLowercase ToUppercase".split())
NUMBERS: Final = "Int8 Int16 Int32 Int64 Int128 UInt8 UInt16 UInt32 UInt64 UInt128 Float16 Float32 Float64".split()
# Not Categorical: its codes depend on earlier values.
TYPES: Final = frozenset([*NUMBERS, *"Boolean String Binary Date Time Null".split()])
TYPES_WITH_OPTIONS: Final = frozenset("Datetime Duration Decimal Enum".split())
SCALARS: Final = frozenset([*TYPES, *TYPES_WITH_OPTIONS, *"List Array".split()])
AGGREGATIONS: Final = frozenset("Count First Item Last Max Mean Median Min NUnique Std Sum Var".split())
