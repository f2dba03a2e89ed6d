//! Traps of money: tax, discounts, floats.

use super::common::{bill_of, file, stay, table};
use rates::{BillTax, Format, Mode, RateTable};

fn flat(amount: &str, tax: &str, more: &str) -> RateTable {
    table(
        "America/New_York",
        "USD",
        "",
        &format!(
            "[[product]]\nname = \"flat\"\ntax = \"tax\"\n[[product.line]]\nname = \"flat\"\nprice = {{ kind = \"flat\", amount = \"{amount}\", each = \"stay\" }}\n[[tax]]\nname = \"tax\"\nrounding = \"half_up\"\n{tax}\n{more}"
        ),
    )
}

fn noon() -> rates::Stay {
    stay("2026-03-04T12:00-05:00", "2026-03-04T13:00-05:00")
}

fn once(bill: &rates::Bill) -> (i64, i64) {
    let [BillTax { net, tax, .. }] = bill.taxes[..] else { panic!("{:?}", bill.taxes) };
    (net, tax)
}

#[test]
pub fn tax_inside_a_price_is_taken_out_of_it() {
    let table = flat("4.50", "percent = \"19\"\nprices = \"include_tax\"", "");
    let bill = bill_of(&table, &noon());
    assert_eq!((bill.total, once(&bill)), (450, (378, 72)));
}

#[test]
pub fn tax_is_rounded_once_for_a_bill() {
    let line = |name: &str, when: &str| {
        format!(
            "[[product.line]]\nname = \"{name}\"\nwhen = {{ {when} }}\nprice = {{ kind = \"flat\", amount = \"0.99\", each = \"window\" }}\n"
        )
    };
    let lines = [
        line("morning", r#"until = "10:00""#),
        line("noon", r#"from = "10:00", until = "14:00""#),
        line("evening", r#"from = "14:00""#),
    ];
    let text = format!(
        "[[product]]\nname = \"parts\"\ntax = \"tax\"\n{}[[tax]]\nname = \"tax\"\npercent = \"20\"\nprices = \"include_tax\"\nrounding = \"down\"\n",
        lines.concat()
    );
    let bill = bill_of(
        &table("Europe/Paris", "EUR", "", &text),
        &stay("2026-03-04T09:00+01:00", "2026-03-04T15:00+01:00"),
    );
    assert_eq!((bill.lines.len(), bill.total, once(&bill)), (3, 297, (248, 49)));
}

#[test]
pub fn prepaid_credit_is_money_and_no_discount() {
    let off = |name: &str, order: u32, amount: &str| {
        format!(
            "[[discount]]\nname = \"{name}\"\norder = {order}\nfor_right = \"shop\"\noff = {{ amount = \"{amount}\" }}\n"
        )
    };
    let discounts = off("first", 1, "20.00") + &off("second", 2, "10.00");
    let table = flat("100.00", "percent = \"8.25\"\nprices = \"exclude_tax\"", &discounts);
    let mut stay = noon();
    stay.validations = vec!["shop".to_owned()];
    stay.credit = 500;
    let bill = bill_of(&table, &stay);
    assert_eq!((once(&bill), bill.total, bill.paid, bill.due), ((7000, 578), 7578, 500, 7078));
}

/// github.com/woocommerce/woocommerce issue 16305
#[test]
pub fn a_discount_is_rounded_before_the_tax_on_what_is_left() {
    let discount = "[[discount]]\nname = \"sale\"\norder = 1\nfor_right = \"shop\"\noff = { percent = \"40\" }\n";
    let table = flat("51.86", "percent = \"8.25\"\nprices = \"exclude_tax\"", discount);
    let mut stay = noon();
    stay.validations = vec!["shop".to_owned()];
    let bill = bill_of(&table, &stay);
    assert_eq!((once(&bill), bill.total), ((3112, 257), 3369));
}

#[test]
pub fn the_order_of_discounts_is_the_one_that_is_named() {
    let with = |percent: u32, amount: u32| {
        let discounts = format!(
            "[[discount]]\nname = \"tenth\"\norder = {percent}\nfor_right = \"shop\"\noff = {{ percent = \"10\" }}\n[[discount]]\nname = \"five\"\norder = {amount}\nfor_right = \"shop\"\noff = {{ amount = \"5.00\" }}\n"
        );
        let mut stay = noon();
        stay.validations = vec!["shop".to_owned()];
        bill_of(&flat("100.00", "percent = \"0\"\nprices = \"exclude_tax\"", &discounts), &stay)
            .total
    };
    assert_eq!((with(1, 2), with(2, 1)), (8500, 8550));
}

#[test]
pub fn free_minutes_of_a_merchant_are_what_they_would_have_cost() {
    let discount = "[[discount]]\nname = \"shop\"\norder = 1\nfor_right = \"shop\"\noff = { free_time = \"PT1H\" }\n";
    let table = super::common::hourly("2.00", "", discount);
    let mut stay = stay("2026-03-04T12:00+01:00", "2026-03-04T14:10+01:00");
    stay.validations = vec!["shop".to_owned()];
    assert_eq!(bill_of(&table, &stay).total, 400);
}

#[test]
pub fn a_price_is_never_a_float() {
    let text = file(
        "Europe/Berlin",
        "EUR",
        "",
        "[[product]]\nname = \"p\"\n[[product.line]]\nname = \"l\"\nprice = { kind = \"per_unit\", amount = 1.15, per = \"PT1H\", step = \"exact\" }\n",
    );
    let error = rates::parse(&text, Format::Toml).unwrap_err().to_string();
    assert!(error.contains("in quotes"), "{error}");
    // A hundred hours at 1.15 are 115.00; with binary floats, cut off, they are 114.99.
    let exact = text.replace("1.15", "\"1.15\"");
    let table = rates::parse(&exact, Format::Toml).unwrap();
    assert_eq!(super::common::lasting(&table, "2026-03-04T12:00+01:00", 100 * 3600), 11_500);
    assert_eq!(table.rules.rounding.unwrap().mode, Mode::HalfUp);
}
