//! What is under the pointer stays under it.

use tests::wait;

use super::{Installed, has_row};

#[test]
fn rows_stay_under_the_pointer_and_come_when_it_goes() {
    let carpark = Installed::new();
    carpark.goes("HOLD01", 30, "main");
    carpark.goes("HOLD02", 30, "main");
    let browser = carpark.signed_in();
    browser.wait_for(&has_row("exceptions", "HOLD01"));
    browser.wait_for(&has_row("exceptions", "HOLD02"));
    browser.point_at("#exceptions tbody tr:nth-child(1) a");
    let under = "document.querySelector('#exceptions tbody tr:nth-child(1)').dataset.key";
    let before = browser.eval(under);
    for n in 3..6 {
        carpark.goes(&format!("HOLD0{n}"), 30, "main");
    }
    browser.wait_for("document.getElementById('figure-exceptions').innerText === '5'");
    browser.wait_for(
        "document.querySelector('.exceptions-panel > .held')?.innerText === '3 new – show'",
    );
    assert_eq!(browser.eval(under), before, "the row that was aimed at");
    browser.point_at_nothing();
    browser.wait_for(&has_row("exceptions", "HOLD05"));
    browser.wait_for("!document.querySelector('.exceptions-panel > .held')");

    // The same while the focus is there; a click on the words brings what waits.
    browser.eval("document.querySelector('#exceptions tbody a').focus()");
    carpark.goes("HOLD06", 30, "main");
    browser.wait_for(
        "document.querySelector('.exceptions-panel > .held')?.innerText === '1 new – show'",
    );
    assert_eq!(browser.eval(&has_row("exceptions", "HOLD06")), false);
    browser.click(".exceptions-panel > .held");
    browser.wait_for(&has_row("exceptions", "HOLD06"));
    drop(browser);
    carpark.end();
}

#[test]
fn a_list_that_grows_moves_no_other() {
    let carpark = Installed::new();
    let browser = carpark.signed_in();
    browser.wait_for("document.getElementById('live').dataset.state === 'live'");
    let places = "JSON.stringify([...document.querySelectorAll('.panel')].map(p => Math.round(p.getBoundingClientRect().top)))";
    let before = browser.eval(places);
    for n in 0..30 {
        carpark.comes(&format!("GROW{n:02}"), 60 + n, "main");
    }
    for n in 0..20 {
        carpark.goes(&format!("GROW{n:02}"), 1, "main");
        carpark.goes(&format!("LONE{n:02}"), 1, "main");
    }
    browser.wait_for("document.querySelectorAll('#sessions tbody tr').length === 15");
    browser.wait_for("document.querySelectorAll('#open tbody tr').length === 10");
    wait::until("the exceptions are there", std::time::Duration::from_secs(30), || {
        (browser.eval("document.querySelectorAll('#exceptions tbody tr').length") == 20)
            .then_some(())
    });
    assert_eq!(browser.eval(places), before);
    drop(browser);
    carpark.end();
}
