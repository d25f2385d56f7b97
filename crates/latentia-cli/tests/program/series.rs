//! Series: cut into windows, named by their time, scored by window and by time step.

use std::fmt::Write;

use crate::harness::{TestDir, npy, read_npy};

/// A series of two features with a row each quarter of an hour; the load is stuck for 12 steps from step 800 on.
fn power() -> String {
    let mut text = "when,load,temp\n".to_owned();
    let mut stuck = 0.0;
    for step in 0..1_200_u32 {
        let noise = f64::from(step * 7919 % 101) / 1_000.0;
        let angle = f64::from(step) * std::f64::consts::TAU / 24.0;
        let mut load = angle.sin() + noise;
        if (800..812).contains(&step) {
            stuck = if step == 800 { load + 1.5 } else { stuck };
            load = stuck;
        }
        let (day, hour) = (step / 96 + 1, step % 96);
        writeln!(
            text,
            "2026-03-{day:02} {:02}:{:02},{load:.4},{:.4}",
            hour / 4,
            hour % 4 * 15,
            angle.cos() - noise
        )
        .expect("a string");
    }
    text
}

#[test]
fn a_series_is_cut_named_by_its_time_and_scored_by_step() {
    let dir = TestDir::new();
    dir.write("power.csv", power());
    let train = "train --data power.csv --window 24 --stride 4 --time when --epochs 20 --out m";
    let trained = dir.run(train).done();
    assert!(trained.stderr.starts_with("series: "), "{}", trained.stderr);
    let model = "m/model.safetensors";
    let detect = format!("detect {model} power.csv");
    let found = dir
        .run(&format!("{detect} -n 1 --json --steps steps.csv"))
        .done()
        .json();
    assert_eq!(found["examples"], 295);
    // The window that begins at step 780 or later covers the fault.
    let worst = found["worst"][0]["example"].as_u64().expect("a number");
    assert!((195..=202).contains(&worst), "{found}");
    let step = 4 * worst;
    let when = format!(
        "2026-03-{:02} {:02}:{:02}",
        step / 96 + 1,
        step % 96 / 4,
        step % 4 * 15
    );
    assert_eq!(found["worst"][0]["id"], when.as_str());
    let text = dir
        .run(&format!("{detect} -n 1 -o worst.png"))
        .done()
        .stdout;
    assert!(text.contains("when") && text.contains("steps +"), "{text}");
    let drawn = image::load_from_memory(&dir.read("worst.png")).expect("a picture");
    assert!(drawn.width() > 300 && drawn.height() > 150);

    let steps = String::from_utf8(dir.read("steps.csv")).expect("text");
    let lines: Vec<(&str, &str)> = steps
        .lines()
        .filter_map(|line| line.split_once(','))
        .collect();
    assert_eq!((lines.len(), lines[0]), (1_201, ("when", "score")));
    let score = |step: usize| lines[step + 1].1.parse::<f64>().expect("a number");
    let highest = (0..1_200).max_by(|&a, &b| score(a).total_cmp(&score(b)));
    assert!((780..832).contains(&highest.expect("some")), "{highest:?}");

    // Columns are matched by name, and a series too short for a window is told.
    let shuffled: String = power()
        .lines()
        .map(|line| {
            let parts: Vec<&str> = line.split(',').collect();
            format!("{},{},{}\n", parts[2], parts[0], parts[1])
        })
        .collect();
    dir.write("shuffled.csv", &shuffled);
    let codes = |data: &str| {
        dir.run(&format!("encode {model} {data} -o z.npy")).done();
        dir.read("z.npy")
    };
    assert!(codes("shuffled.csv") == codes("power.csv"));
    let short: String = power()
        .lines()
        .take(20)
        .map(|line| format!("{line}\n"))
        .collect();
    dir.write("short.csv", short);
    let said = "`short.csv`: time steps: found 19, expected 24 or more, as many as a window has";
    dir.refused(&format!("encode {model} short.csv -o z.npy"), 1, &[said]);
    // What is in no window, and classes, are not dropped without a word.
    let long: String = power()
        .lines()
        .take(31)
        .map(|line| format!("{line}\n"))
        .collect();
    dir.write("long.csv", long);
    let ran = dir.run(&format!("encode {model} long.csv -o z.npy")).done();
    let said = "`long.csv`: the last 2 time steps are in no window\n";
    assert!(ran.stderr.contains(said), "{}", ran.stderr);
    dir.write("labelled.csv", "a,b\n1,x\n2,y\n3,x\n4,y\n");
    let ran = dir
        .run("train --data labelled.csv --label b --window 2 --stride 1 --epochs 1 --out l")
        .done();
    let said = "`labelled.csv`: windows have no classes: labels of time steps are not used\n";
    assert!(ran.stderr.contains(said), "{}", ran.stderr);
    let said = "--axes goes with arrays, and `labelled.csv` is none";
    dir.refused("train --data labelled.csv --axes nhw", 2, &[said]);
    dir.write("words.csv", "a,b\n1,x\n2,y\n3,x\n4,y\n");
    let said = "column `b` of a series: found no number";
    dir.refused("train --data words.csv --window 2", 1, &[said]);
}

#[test]
fn the_axes_of_arrays_are_said_asked_for_and_kept() {
    let dir = TestDir::new();
    let bytes: Vec<u8> = (0..16 * 6 * 6 * 5).map(|i| (i * 31 % 256) as u8).collect();
    dir.write("bands.npy", npy("|u1", "(16, 6, 6, 5)", &bytes));
    dir.write("line.npy", npy("|u1", "(400,)", &bytes[..400]));
    let spec = "[model]\nlikelihood = 'mse'\n\
        encoder = [{ layer = 'conv', channels = 3, kernel = 3 }, { layer = 'dense', units = 4 }]\n\
        decoder = [{ layer = 'dense' }]\n[training]\nepochs = 1\n";
    dir.write("m.toml", spec);
    let train =
        |more: &str| format!("train --config m.toml --data bands.npy --out m --force {more}");
    let ran = dir.run(&train("")).done();
    let said =
        "`bands.npy`: examples of 6x6x5 are taken for height x width x channels, --axes nhwc\n";
    assert!(ran.stderr.contains(said), "{}", ran.stderr);
    let inspect = |dir: &TestDir| dir.run("inspect m/model.safetensors --json").done().json();
    assert_eq!(inspect(&dir)["axes"], "nhwc");
    let ran = dir.run(&train("--axes nchw")).done();
    assert!(!ran.stderr.contains("are taken for"), "{}", ran.stderr);
    assert_eq!(inspect(&dir)["axes"], "nchw");
    dir.run("reconstruct m/model.safetensors bands.npy -o r.npy")
        .done();
    assert_eq!(read_npy(&dir.read("r.npy")).1, 180);
    dir.refused(
        &train("--axes ntf"),
        1,
        &["found 3 (shape 6x6x5), expected 2, time x features (`ntf`)"],
    );
    dir.refused(
        &train("--axes hwc"),
        2,
        &["it must be nhw, nhwc, nchw or ntf"],
    );
    dir.refused(
        &train("--window 4"),
        1,
        &["examples of a series: found 6x6x5"],
    );
    dir.write("other.npy", npy("|u1", "(16, 5, 6, 6)", &bytes));
    let said = "`other.npy` has examples of 5x6x6, the model takes 6x6x5";
    dir.refused("encode m/model.safetensors other.npy -o z.npy", 1, &[said]);

    // Nothing asked for ends in an error about ranges.
    let floats: Vec<u8> = (0..40 * 64)
        .flat_map(|i| ((i * 37 % 101) as f32 - 50.0).to_le_bytes())
        .collect();
    dir.write("field.npy", npy("<f4", "(40, 8, 8)", &floats));
    let ran = dir
        .run("train --data field.npy --epochs 1 --out field")
        .done();
    let said =
        "`field.npy`: values from -50.000 to 50.000 are no pixels: they are standardised\nphotos: ";
    assert!(ran.stderr.contains(said), "{}", ran.stderr);

    // Rows of equal length are windows where that is said.
    dir.write("rows.npy", npy("|u1", "(40, 10)", &bytes[..400]));
    let ran = dir
        .run("train --data rows.npy --axes ntf --epochs 1 --out rows")
        .done();
    assert!(ran.stderr.starts_with("series: "), "{}", ran.stderr);
    dir.run("encode rows/model.safetensors rows.npy -o z.npy")
        .done();

    // One feature needs no second dimension.
    dir.run("train --data line.npy --window 20 --stride 5 --epochs 1 --out line")
        .done();
    dir.run("encode line/model.safetensors line.npy -o z.npy")
        .done();
    assert_eq!(read_npy(&dir.read("z.npy")).0, 77);
}
