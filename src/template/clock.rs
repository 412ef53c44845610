//! The time that templates read with `strftime_now`.

/// A local time without zone, to the second.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Clock {
    year: u32,
    month: u32,
    day: u32,
    hour: u32,
    minute: u32,
    second: u32,
}

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
const DAYS: [&str; 7] = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];

impl Clock {
    /// Reads `2025-03-14` or `2025-03-14T15:09:26`.
    pub fn parse(text: &str) -> Option<Clock> {
        let (date, time) = text.split_once(['T', ' ']).unwrap_or((text, "00:00:00"));
        let numbers = |text: &str, separator: char| -> Option<[u32; 3]> {
            let digits =
                |part: &str| part.bytes().all(|b| b.is_ascii_digit()).then(|| part.parse().ok()).flatten();
            text.split(separator).map(digits).collect::<Option<Vec<u32>>>()?.try_into().ok()
        };
        let ([year, month, day], [hour, minute, second]) = (numbers(date, '-')?, numbers(time, ':')?);
        let clock = Clock { year, month, day, hour, minute, second };
        let valid = (1..=9999).contains(&year)
            && (1..=12).contains(&month)
            && (1..=clock.days_in_month()).contains(&day)
            && hour < 24
            && minute < 60
            && second < 60;
        valid.then_some(clock)
    }

    fn is_leap_year(self) -> bool {
        self.year.is_multiple_of(4) && (!self.year.is_multiple_of(100) || self.year.is_multiple_of(400))
    }

    fn days_in_month(self) -> u32 {
        match self.month {
            2 if self.is_leap_year() => 29,
            2 => 28,
            4 | 6 | 9 | 11 => 30,
            _ => 31,
        }
    }

    /// The day of the year, from 1.
    fn day_of_year(self) -> u32 {
        (1..self.month).map(|month| Clock { month, ..self }.days_in_month()).sum::<u32>() + self.day
    }

    /// The day of the week, from 0 for Monday.
    fn weekday(self) -> u32 {
        let years = self.year - 1;
        (years * 365 + years / 4 - years / 100 + years / 400 + self.day_of_year() + 6) % 7
    }

    /// The text of `datetime.strftime` in the C locale.
    ///
    /// # Errors
    /// Names a directive that is not known.
    pub(super) fn format(self, format: &str) -> Result<String, String> {
        let mut out = String::new();
        let mut characters = format.chars();
        while let Some(c) = characters.next() {
            if c != '%' {
                out.push(c);
                continue;
            }
            let mut directive = characters.next();
            let padded = directive != Some('-');
            if !padded {
                directive = characters.next();
            }
            let directive = directive.ok_or("a time format ends in `%`")?;
            out.push_str(&self.directive(directive, padded)?);
        }
        Ok(out)
    }

    fn directive(self, directive: char, padded: bool) -> Result<String, String> {
        let number = |value: u32, width: usize| {
            if padded { format!("{value:0width$}") } else { value.to_string() }
        };
        let name = |names: &[&'static str], i: u32| names.get(i as usize).copied().unwrap_or_default();
        let (month, day) = (name(&MONTHS, self.month - 1), name(&DAYS, self.weekday()));
        let hour12 = (self.hour + 11) % 12 + 1;
        Ok(match directive {
            'Y' => self.year.to_string(),
            'y' => number(self.year % 100, 2),
            'm' => number(self.month, 2),
            'd' => number(self.day, 2),
            'e' => format!("{:2}", self.day),
            'H' => number(self.hour, 2),
            'I' => number(hour12, 2),
            'M' => number(self.minute, 2),
            'S' => number(self.second, 2),
            'f' => "000000".to_string(),
            'j' => number(self.day_of_year(), 3),
            'p' => if self.hour < 12 { "AM" } else { "PM" }.to_string(),
            'B' => month.to_string(),
            'b' | 'h' => month[..3].to_string(),
            'A' => day.to_string(),
            'a' => day[..3].to_string(),
            'F' => self.format("%Y-%m-%d")?,
            'T' | 'X' => self.format("%H:%M:%S")?,
            'D' | 'x' => self.format("%m/%d/%y")?,
            'R' => self.format("%H:%M")?,
            'c' => self.format("%a %b %e %H:%M:%S %Y")?,
            'z' | 'Z' => String::new(),
            'n' => "\n".to_string(),
            't' => "\t".to_string(),
            '%' => "%".to_string(),
            other => return Err(format!("the time format `%{other}` is not known")),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::Clock;

    #[test]
    fn formats_as_python_does() {
        let clock = Clock::parse("2025-03-14T15:09:26").unwrap();
        for (format, text) in [
            ("%d %b %Y", "14 Mar 2025"),
            ("%Y-%m-%d", "2025-03-14"),
            ("%A, %B %-d, %Y %I:%M %p", "Friday, March 14, 2025 03:09 PM"),
            ("%c|%j|%y|%%|%H:%M:%S", "Fri Mar 14 15:09:26 2025|073|25|%|15:09:26"),
        ] {
            assert_eq!(clock.format(format).unwrap(), text);
        }
        assert!(clock.format("%Q").is_err() && clock.format("%").is_err());
    }

    #[test]
    fn knows_the_calendar() {
        let day = |text: &str| Clock::parse(text).unwrap().format("%a %j").unwrap();
        assert_eq!(day("2000-02-29"), "Tue 060");
        assert_eq!(day("1900-03-01"), "Thu 060");
        assert_eq!(day("2024-12-31"), "Tue 366");
        for wrong in ["2025-02-29", "2025-13-01", "2025-1", "14.03.2025", "2025-03-14T24:00:00", "+025-01-01"]
        {
            assert!(Clock::parse(wrong).is_none(), "{wrong}");
        }
    }
}
