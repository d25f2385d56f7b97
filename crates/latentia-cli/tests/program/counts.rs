//! Tables of counts through the program.

use std::fmt::Write;

use crate::harness::TestDir;

const MODEL: &str = "m/model.safetensors";

/// Cells of two types with four frequent genes each, of eight; `odd` stands in row 30, column `g3`.
fn genes(odd: &str) -> String {
    let mut text = "cell,type,g1,g2,g3,g4,g5,g6,g7,g8\n".to_owned();
    for row in 0..120_usize {
        let kind = row % 2;
        write!(text, "c{row},{}", ["naive", "memory"][kind]).expect("a string");
        for gene in 0..8 {
            let noise = row * 7919 % 101 * (gene + 3) % 7;
            let count = if gene / 4 == kind {
                4 + 3 * noise
            } else {
                noise / 4
            };
            match (row, gene) {
                (30, 2) if !odd.is_empty() => write!(text, ",{odd}"),
                _ => write!(text, ",{count}"),
            }
            .expect("a string");
        }
        text.push('\n');
    }
    text
}

#[test]
fn a_table_of_counts_is_learned_measured_and_used() {
    let dir = TestDir::new();
    dir.write("genes.csv", genes(""));
    let train = "train --preset counts --data genes.csv --label type --id cell --epochs 40 --batch-size 20 --out m";
    dir.run(train).done();

    let report = dir
        .run(&format!("evaluate {MODEL} --data genes.csv --json"))
        .done();
    let elbo = report.json();
    assert!(
        elbo["nll_nats"].as_f64().is_some_and(|nats| nats > 0.0),
        "{elbo}"
    );
    dir.run(&format!("encode {MODEL} genes.csv -o codes.csv"))
        .done();
    assert!(dir.text("codes.csv").starts_with("cell,"));
    let found = dir
        .run(&format!("detect {MODEL} genes.csv --json -n 1"))
        .done();
    assert_eq!(found.json()["examples"], 120);
    dir.run(&format!("report {MODEL} genes.csv -o report.html"))
        .done();
    for part in ["reconstruct", "decode", "score"] {
        dir.run(&format!("export {MODEL} --part {part} -o {part}.onnx"))
            .done();
    }

    // Draws are counts as well.
    dir.run(&format!("sample {MODEL} -n 20 -o drawn.csv"))
        .done();
    let drawn = dir.text("drawn.csv");
    let mut lines = drawn.lines();
    assert_eq!(lines.next(), Some("g1,g2,g3,g4,g5,g6,g7,g8"));
    assert!(
        lines
            .flat_map(|line| line.split(','))
            .all(|x| x.parse::<u32>().is_ok()),
        "{drawn}"
    );
}

#[test]
fn what_is_no_count_is_refused_wherever_it_is_met() {
    let dir = TestDir::new();
    dir.write("genes.csv", genes(""));
    dir.run("train --preset counts --data genes.csv --label type --id cell --epochs 1 --out m")
        .done();
    for (odd, file) in [("2.5", "fractions.csv"), ("-1", "negative.csv")] {
        dir.write(file, genes(odd));
        let words = [
            file,
            "`zinb` needs counts",
            odd,
            "example 30, column 2",
            "`g3`",
        ];
        let train = format!("train --preset counts --data {file} --label type --id cell --out n");
        dir.refused(&train, 1, &words);
        for command in ["evaluate", "detect"] {
            let data = if command == "evaluate" { "--data " } else { "" };
            dir.refused(&format!("{command} {MODEL} {data}{file}"), 1, &words);
        }
        dir.refused(&format!("encode {MODEL} {file} -o c.csv"), 1, &words);
    }
    let words = ["`zinb`", "library", "another likelihood"];
    dir.refused(&format!("compress {MODEL} genes.csv -o g.ltc"), 1, &words);
    let words = ["symlog", "ONNX takes any model"];
    dir.refused(
        &format!("export {MODEL} --layout torch -o w.safetensors"),
        1,
        &words,
    );
}
