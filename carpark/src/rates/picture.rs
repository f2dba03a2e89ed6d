//! A picture of the prices that were tried: a column for each hour of entry, a row for each length of
//! stay, darker where it is dearer. It needs no script, no font and nothing from another host.

use std::fmt::Write as _;

use rates::RateTable;

use super::tried::{Tried, length};

const LEFT: usize = 70;
const TOP: usize = 62;
const WIDE: usize = 44;
const HIGH: usize = 22;
/// Of the colours, from cheap to dear.
const STEPS: usize = 8;
const COLOURS: [&str; STEPS + 1] = [
    "#eef6ee", "#f7fbff", "#deebf7", "#c6dbef", "#9ecae1", "#6baed6", "#4292c6", "#2171b5",
    "#084594",
];

/// The picture, as an SVG document.
pub fn svg(table: &RateTable, tried: &Tried) -> String {
    let (width, height) = (LEFT + 24 * WIDE + 10, TOP + tried.rows.len() * HIGH + 34);
    let title = escaped(&table.name);
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" height=\"{height}\" font-family=\"sans-serif\" font-size=\"11\" role=\"img\">\n<title>{title}: prices by length of stay and hour of entry</title>\n<rect width=\"{width}\" height=\"{height}\" fill=\"#ffffff\"/>\n"
    );
    let mut put = |line: String| {
        let _written = writeln!(out, "{line}");
    };
    put(format!("<text x=\"10\" y=\"22\" font-size=\"15\" fill=\"#111111\">{title}</text>"));
    put(format!(
        "<text x=\"10\" y=\"40\" fill=\"#555555\">{} by length of stay (rows) and hour of entry (columns), {}</text>",
        table.currency.code(),
        tried.date.format("%a %Y-%m-%d")
    ));
    for hour in 0..24 {
        let x = LEFT + hour * WIDE + WIDE / 2;
        put(format!(
            "<text x=\"{x}\" y=\"{}\" text-anchor=\"middle\" fill=\"#333333\">{hour:02}</text>",
            TOP - 5
        ));
    }
    let scale = Scale::of(tried);
    for (row, (minutes, prices)) in tried.rows.iter().enumerate() {
        let y = TOP + row * HIGH;
        put(format!(
            "<text x=\"{}\" y=\"{}\" text-anchor=\"end\" fill=\"#333333\">{}</text>",
            LEFT - 6,
            y + 15,
            length(*minutes)
        ));
        for (hour, price) in prices.iter().enumerate() {
            let x = LEFT + hour * WIDE;
            let step = price.map(|price| scale.step(price));
            let fill = step.and_then(|step| COLOURS.get(step)).unwrap_or(&"#dddddd");
            let ink = if step.is_some_and(|step| step > 5) { "#ffffff" } else { "#111111" };
            put(format!(
                "<rect x=\"{x}\" y=\"{y}\" width=\"{WIDE}\" height=\"{HIGH}\" fill=\"{fill}\" stroke=\"#ffffff\"/>"
            ));
            put(format!(
                "<text x=\"{}\" y=\"{}\" text-anchor=\"middle\" fill=\"{ink}\">{}</text>",
                x + WIDE / 2,
                y + 15,
                tried.shown(*price)
            ));
        }
    }
    put(format!(
        "<text x=\"10\" y=\"{}\" fill=\"#555555\">Version {}. Darker is dearer; green is free; grey has no price.</text>",
        height - 12,
        table.version
    ));
    out.push_str("</svg>\n");
    out
}

/// The prices that there are, so that each colour has as many of them.
struct Scale(Vec<i64>);

impl Scale {
    fn of(tried: &Tried) -> Self {
        let prices = tried.rows.iter().flat_map(|(_, prices)| prices.iter().flatten());
        let mut prices: Vec<i64> = prices.copied().filter(|price| *price > 0).collect();
        prices.sort_unstable();
        prices.dedup();
        Self(prices)
    }

    /// 0 where it is free, else 1 to the number of colours.
    fn step(&self, price: i64) -> usize {
        if price <= 0 {
            return 0;
        }
        let below = self.0.partition_point(|known| *known < price);
        1 + below * STEPS / self.0.len().max(1)
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
