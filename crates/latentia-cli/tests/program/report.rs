//! A model as a page. What the page does in a browser is held by `cargo xtask report`.

use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::harness::{DIGITS, TINY, TestDir, between, contents, table};

fn base64(bytes: &[u8]) -> String {
    let digits = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let bits: Vec<u8> = bytes
        .iter()
        .flat_map(|byte| (0..8).rev().map(move |bit| byte >> bit & 1))
        .collect();
    let digit = |six: &[u8]| {
        let value = (0..6).fold(0, |sum, i| 2 * sum + six.get(i).copied().unwrap_or(0));
        char::from(digits[usize::from(value)])
    };
    let mut text: String = bits.chunks(6).map(digit).collect();
    while !text.len().is_multiple_of(4) {
        text.push('=');
    }
    text
}

#[test]
fn a_page_allows_its_own_script_and_style_and_names_no_other_place() {
    let dir = TestDir::with([("m", &TINY[..]), ("t.csv", table(60).as_bytes())]);
    let ran = dir.run("report m -o r.html").done();
    assert!(ran.stderr.contains("wrote r.html"), "{}", ran.stderr);
    let page = dir.text("r.html");
    let policy = between(
        &page,
        r#"http-equiv="Content-Security-Policy" content=""#,
        r#"">"#,
    );
    let hash = |text: &str| format!("'sha256-{}'", base64(&Sha256::digest(text)));
    let script = hash(between(&page, "<script>", "</script>"));
    let style = hash(between(&page, "<style>", "</style>"));
    assert_eq!(
        policy,
        format!(
            "default-src 'none'; script-src {script}; style-src {style}; base-uri 'none'; form-action 'none'"
        )
    );
    // The name of SVG's elements is no address.
    let named = page.replace("http://www.w3.org/2000/svg", "");
    for address in [
        "http:",
        "https:",
        "src=",
        "@import",
        "url(",
        "fetch(",
        "innerHTML",
        "eval(",
    ] {
        assert!(!named.contains(address), "the page has `{address}`");
    }
    // The same twice, and nothing beside it.
    dir.run("report m -o again.html").done();
    assert!(dir.text("again.html") == page);
    assert_eq!(dir.names(""), ["again.html", "m", "r.html", "t.csv"]);
}

#[test]
fn names_that_are_markup_stand_in_a_page_as_json_text() {
    let names = [
        "<script>alert(1)</script>",
        "new\nline",
        "</script><img src=x onerror=alert(2)>",
        "bell\u{7} & <!--",
        "{{ARRAYS}}",
    ];
    let quoted = names.map(|name| format!("\"{name}\""));
    let mut rows = format!("<i>id,{},kind\n", quoted.join(","));
    for i in 0..80 {
        let kind = ["<b>", "</script>"][i % 2];
        rows.push_str(&format!(
            "<u>{i},{i},{},{},{},{},{kind}\n",
            i * i,
            i % 7,
            i % 5,
            i % 3
        ));
    }
    let dir = TestDir::with([("<x>.csv", rows.as_bytes())]);
    dir.run("train --preset table --data <x>.csv --label kind --id <i>id --epochs 1 --out run")
        .done();
    dir.run("report run/model.safetensors -o r.html").done();
    let page = dir.text("r.html");
    assert_eq!(page.matches("<script").count(), 3);
    assert_eq!(page.matches("</script").count(), 3);
    for markup in ["<img", "<b>", "<u>", "<x>", "<i>", "alert(1)<"] {
        assert!(!page.contains(markup), "the page has `{markup}`");
    }
    let contents = contents(&page);
    let columns = contents["examples"]["layout"]["columns"]
        .as_array()
        .expect("columns");
    let seen: Vec<&str> = columns
        .iter()
        .filter_map(|own| own["name"].as_str())
        .collect();
    assert_eq!(seen, names);
    assert_eq!(contents["examples"]["names"][3], "<u>3");
    assert_eq!(contents["examples"]["class_names"][1], "<b>");
    assert_eq!(contents["title"], "table of <x>.csv");
}

#[test]
fn a_page_is_as_small_as_it_is_asked_to_be_and_says_what_it_lacks() {
    let dir = TestDir::with([("m", &DIGITS[..])]);
    dir.run("report m -o whole.html").done();
    let whole = contents(&dir.text("whole.html"));
    assert_eq!(whole["left_out"], Value::Array(Vec::new()));
    let ran = dir.run("report m -o small.html --max-size 2300K").done();
    let small = dir.text("small.html");
    assert!(
        (2_200_000..=2_300_000).contains(&small.len()),
        "{}",
        small.len()
    );
    assert!(ran.stderr.contains("left out: all but "), "{}", ran.stderr);
    let small = contents(&small);
    let left_out = small["left_out"][0].as_str().expect("what was left out");
    assert!(left_out.contains("of 1,000 examples"), "{left_out}");
    // The strangest are there whatever else is not.
    let strangest = |page: &Value| page["strangest"].as_array().map(Vec::len);
    assert_eq!((strangest(&small), strangest(&whole)), (Some(12), Some(12)));
    assert!(small["decoder"].is_object());
    dir.run("report m -o least.html --max-size 400K").done();
    assert!(contents(&dir.text("least.html"))["decoder"].is_null());
    dir.refused(
        "report m -o r.html --max-size 10K",
        1,
        &["does not fit into 10,000 bytes"],
    );
}

#[test]
fn what_cannot_be_shown_is_refused_before_anything_is_written() {
    let dir = TestDir::with([("m", &TINY[..]), ("t.csv", table(60).as_bytes())]);
    for (arguments, code, words) in [
        ("m -o r.pdf", 2, "end it in .html"),
        (
            "m -o r.html --max-size 1G",
            2,
            "a whole number of bytes, or of K or M",
        ),
        (
            "m t.csv -o r.html",
            1,
            "has 3 values an example, the model takes",
        ),
        ("m missing.csv -o r.html", 1, "missing.csv"),
        ("m -o no/r.html", 1, "cannot write `no/r.html`"),
    ] {
        dir.refused(&format!("report {arguments}"), code, &[words]);
    }
}
