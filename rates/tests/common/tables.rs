//! Tables of published tariffs, written anew in the crate's format.
#![allow(dead_code, reason = "each test file uses a part of it")]

use rates::RateTable;

use super::table;

/// Zhangye airport, small cars (m.ljsggw.cn/news/424844.html): up to 1 h 2 yuan, each further started
/// hour 1, at most 25 in 24 hours, anew after them; under 15 minutes free.
pub fn zhangye() -> RateTable {
    table(
        "Asia/Shanghai",
        "CNY",
        r#"grace = { forgives = "PT15M" }"#,
        r#"
[[product]]
name = "small car"
[[product.line]]
name = "hours"
price = { kind = "tiers", tiers = [{ up_to = "PT1H", total = "2.00" }], after = { per_unit = { amount = "1.00", per = "PT1H", step = "PT1H" } }, anew = { each = "PT24H" } }
[[product.cap]]
name = "24 hours"
amount = "25.00"
period = "PT24H"
holds = "repeats"
"#,
    )
}

/// The car park of a well-known exercise from Australia: early bird, night, weekend, hours.
pub fn australia() -> RateTable {
    table(
        "Australia/Sydney",
        "AUD",
        "",
        r#"
[[product]]
name = "early bird"
enter = { days = ["mon", "tue", "wed", "thu", "fri"], from = "06:00", until = "09:00" }
leave = { days_after = 0, when = { from = "15:30", until = "23:30" } }
[[product.line]]
name = "day"
price = { kind = "flat", amount = "13.00", each = "stay" }

[[product]]
name = "night"
enter = { days = ["mon", "tue", "wed", "thu", "fri"], from = "18:00", until = "24:00" }
leave = { days_after = 1, when = { from = "15:30", until = "23:30" } }
[[product.line]]
name = "night"
price = { kind = "flat", amount = "6.50", each = "stay" }

[[product]]
name = "weekend"
within = { days = ["sat", "sun"] }
[[product.line]]
name = "weekend"
price = { kind = "flat", amount = "10.00", each = "stay" }

[[product]]
name = "standard"
[[product.line]]
name = "hour"
price = { kind = "per_unit", amount = "5.00", per = "PT1H", step = "PT1H" }
[[product.cap]]
name = "day"
amount = "20.00"
period = "calendar_day"
holds = "repeats"
"#,
    )
}

/// Stoke-on-Trent, John Street multi-storey (stokeontrentcitycentre.co.uk).
pub fn stoke() -> RateTable {
    let days = r#"["mon", "tue", "wed", "thu", "fri", "sat"]"#;
    let mut rest = format!(
        r#"
[[product]]
name = "hours"
enter = {{ days = {days} }}
[[product.line]]
name = "short stay"
price = {{ kind = "tiers", after = "closed", anew = "never", tiers = [
  {{ up_to = "PT20M", total = "0.00" }}, {{ up_to = "PT1H", total = "1.40" }}, {{ up_to = "PT2H", total = "2.80" }},
  {{ up_to = "PT3H", total = "4.20" }}, {{ up_to = "PT4H", total = "4.40" }} ] }}
"#
    );
    for (name, entry, leave, amount) in [
        ("all day, early", r#"from = "00:00", until = "07:30""#, 0, "4.00"),
        ("all day, morning", r#"from = "07:30", until = "09:30""#, 0, "6.00"),
        ("all day", r#"from = "09:30""#, 0, "5.00"),
    ] {
        rest += &format!(
            "[[product]]\nname = \"{name}\"\nenter = {{ days = {days}, {entry} }}\nleave = {{ days_after = {leave} }}\n[[product.line]]\nname = \"day\"\nprice = {{ kind = \"flat\", amount = \"{amount}\", each = \"stay\" }}\n"
        );
    }
    for (from, amount) in
        [("16:00", "4.50"), ("17:00", "4.00"), ("18:00", "3.50"), ("19:00", "3.00")]
    {
        rest += &format!(
            "[[product]]\nname = \"evening from {from}\"\nwithin = {{ days = {days}, from = \"{from}\", until = \"07:00\" }}\n[[product.line]]\nname = \"evening\"\nprice = {{ kind = \"flat\", amount = \"{amount}\", each = \"stay\" }}\n"
        );
    }
    rest += "[[product]]\nname = \"Sunday\"\nwithin = { days = [\"sun\"] }\n[[product.line]]\nname = \"day\"\nprice = { kind = \"flat\", amount = \"3.00\", each = \"stay\" }\n";
    table("Europe/London", "GBP", "", &rest)
}

/// A short-stay and a long-stay car park (an exercise with three answers): 1.10 an hour pro rata on
/// weekdays from 8 to 18; 7.50 per day or part of a day.
pub fn pro_rata() -> (RateTable, RateTable) {
    let short = table(
        "Europe/London",
        "GBP",
        "",
        r#"
[[product]]
name = "short stay"
otherwise = "free"
[[product.line]]
name = "weekdays"
when = { days = ["mon", "tue", "wed", "thu", "fri"], from = "08:00", until = "18:00" }
price = { kind = "per_unit", amount = "1.10", per = "PT1H", step = "exact" }
"#,
    );
    let long = table(
        "Europe/London",
        "GBP",
        "",
        r#"
[[product]]
name = "long stay"
[[product.line]]
name = "day"
price = { kind = "per_unit", amount = "7.50", per = "calendar_day", step = "calendar_day" }
"#,
    );
    (short, long)
}

/// A weekly special (help.flashos.com): 20 a day, 100 for a week.
pub fn weekly() -> RateTable {
    table(
        "America/New_York",
        "USD",
        "",
        r#"
[[product]]
name = "daily"
[[product.line]]
name = "day"
price = { kind = "per_unit", amount = "20.00", per = "PT24H", step = "PT24H" }
[[product.cap]]
name = "week"
amount = "100.00"
period = "PT168H"
holds = "repeats"
"#,
    )
}

/// A valet's table: 12 up to five hours, 18 a day.
pub fn valet() -> RateTable {
    table(
        "America/New_York",
        "USD",
        "",
        r#"
[[product]]
name = "valet"
[[product.line]]
name = "day"
price = { kind = "tiers", tiers = [{ up_to = "PT5H", total = "12.00" }, { up_to = "PT24H", total = "18.00" }], after = "nothing_more", anew = { each = "PT24H" } }
"#,
    )
}

/// A coin park (beamsite.net/archives/3478): 400 yen an hour, at most 1,500 for the first 24 hours.
pub fn coin_park() -> RateTable {
    table(
        "Asia/Tokyo",
        "JPY",
        "",
        r#"
[[product]]
name = "coin"
[[product.line]]
name = "hour"
price = { kind = "per_unit", amount = "400", per = "PT1H", step = "PT1H" }
[[product.cap]]
name = "day"
amount = "1500"
period = "PT24H"
holds = "once"
"#,
    )
}
