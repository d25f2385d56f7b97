//! Tables as people have them.

use crate::harness::TestDir;

/// Points near a plane in four dimensions, rows of `a, b, c, d`.
fn points() -> Vec<[f32; 4]> {
    let point = |i: u32| {
        let (s, t) = ((0.37 * i as f32).sin(), (0.53 * i as f32).cos());
        [s, t, s + t, s - 2.0 * t + 0.01 * (i % 7) as f32]
    };
    (0..60).map(point).collect()
}

/// The columns of [`points`] that `order` names, as a table with a header.
fn table(order: &str) -> String {
    let place = |name: char| "abcd".find(name).expect("one of four");
    let line = |cells: Vec<String>| cells.join(",") + "\n";
    let header = line(order.chars().map(String::from).collect());
    let rows = points().into_iter();
    let rows = rows.map(|row| {
        line(
            order
                .chars()
                .map(|name| row[place(name)].to_string())
                .collect(),
        )
    });
    header + &rows.collect::<String>()
}

#[test]
fn columns_are_matched_by_name() {
    let (own, other) = (table("abcd"), table("dcba"));
    let renamed = own.replacen("b,", "x,", 1);
    let more = {
        let mut lines = own.lines();
        let header = format!("name,{}\n", lines.next().expect("a header"));
        header
            + &lines
                .map(|line| format!("someone,{line}\n"))
                .collect::<String>()
    };
    let files = [
        ("own.csv", &own),
        ("other.csv", &other),
        ("renamed.csv", &renamed),
        ("more.csv", &more),
    ];
    let dir = TestDir::with(files.map(|(name, text)| (name, text.as_bytes())));
    dir.run("train --data own.csv --latent 2 --epochs 3 --out run")
        .done();
    let scores = |data: &str| {
        dir.run(&format!("detect run/model.safetensors {data} --json"))
            .done()
    };
    let expected = scores("own.csv").json();
    let put_right = scores("other.csv");
    let said = "`other.csv`: its columns are put into the model's order";
    assert!(put_right.stderr.contains(said), "{}", put_right.stderr);
    let more = scores("more.csv");
    let said = "`more.csv`: left out, as the model does not know them: `name`";
    assert!(more.stderr.contains(said), "{}", more.stderr);
    for found in [put_right.json(), more.json()] {
        assert_eq!(found["worst"], expected["worst"]);
    }
    dir.refused(
        "detect run/model.safetensors renamed.csv",
        1,
        &["`renamed.csv` has no column `b`; it has `a`, `x`, `c`, `d`"],
    );
}

#[test]
fn a_first_row_of_evenly_spaced_numbers_is_asked_about() {
    let spectra = table("abcd").replacen("a,b,c,d", "400,420,440,460", 1);
    let dir = TestDir::with([("spectra.csv", spectra.as_bytes())]);
    dir.refused(
        "train --data spectra.csv",
        1,
        &[
            "numbers unlike those below (400, 420, 440, …)",
            "--header yes, or --header no",
        ],
    );
    let train = "train --data spectra.csv --latent 2 --epochs 1 --out run --header";
    let ran = dir.run(&format!("{train} yes")).done();
    assert!(
        ran.stderr.contains("54 training examples"),
        "{}",
        ran.stderr
    );
    let ran = dir.run(&format!("{train} no --force")).done();
    assert!(
        ran.stderr.contains("55 training examples"),
        "{}",
        ran.stderr
    );
}

#[test]
fn semicolons_and_decimal_commas_are_read_and_can_be_asked_for() {
    let text = table("abcd").replace(',', ";").replace('.', ",");
    let dir = TestDir::with([("t.csv", text.as_bytes())]);
    let train = "train --data t.csv --latent 2 --epochs 1 --out run";
    let ran = dir.run(train).done();
    let said = "`t.csv`: fields are parted by `;`, decimals are written with a comma";
    assert!(ran.stderr.contains(said), "{}", ran.stderr);
    dir.run(&format!("{train} --force --delimiter ; --decimal ,"))
        .done();
    dir.refused(
        &format!("{train} --force --decimal :"),
        2,
        &["it must be `.` or `,`"],
    );
    dir.refused(
        &format!("{train} --force --delimiter xy"),
        2,
        &["it must be one character"],
    );
}

#[test]
fn an_array_beside_a_table_is_told_of() {
    let rows = (0..60).map(|i| {
        let kind = ["u", "v", "w"][i % 3];
        format!("{kind},{},{i}.5\n", 1_700_000_000 + i)
    });
    let text = format!("kind,time,x\n{}", rows.collect::<String>());
    let dir = TestDir::with([("t.csv", text.as_bytes())]);
    dir.run("train --data t.csv --epochs 2 --out run").done();
    let written = dir
        .run("reconstruct run/model.safetensors t.csv -o r.npy")
        .done();
    let how = "levels by their numbers from 0 (`kind`), differences from the offset that the schema has (`time`)";
    let said = format!("r.npy has {how}; .csv has them as the table does");
    assert!(written.stderr.contains(&said), "{}", written.stderr);
    let read = dir.run("detect run/model.safetensors r.npy").done();
    let said = format!(
        "`r.npy` has no names of columns: they are matched by their position, and must have {how}"
    );
    assert!(read.stderr.contains(&said), "{}", read.stderr);
    // Codes are numbers like any others.
    let codes = dir
        .run("encode run/model.safetensors t.csv -o z.npy")
        .done();
    assert!(!codes.stderr.contains("z.npy has"), "{}", codes.stderr);
}
