//! What is known of the epochs of a run.

use std::fs;
use std::path::Path;

use latentia_models::Epoch;
use serde_json::{Map, Value};

/// What a run folder has of its epochs beside the losses, an object a line.
const METRICS: &str = "metrics.jsonl";

/// The numbers of each epoch: those of the file beside `model` where it is of this very history, else the history's own.
pub(super) fn epochs(model: &Path, history: &[Epoch]) -> Vec<Map<String, Value>> {
    let own: Vec<Map<String, Value>> = history.iter().filter_map(numbers).collect();
    let text = fs::read_to_string(model.with_file_name(METRICS)).unwrap_or_default();
    let told = text.lines().map(read);
    let told: Option<Vec<Map<String, Value>>> = told.collect();
    let is_same = |told: &Vec<Map<String, Value>>| {
        let losses = |epoch: &Map<String, Value>| {
            [
                epoch.get("epoch").cloned(),
                epoch.get("train_loss").cloned(),
            ]
        };
        told.iter().map(losses).eq(own.iter().map(losses))
    };
    told.filter(is_same).unwrap_or(own)
}

/// The numbers of an object, as they are read from its text: the last bit of some is another then.
fn numbers(object: &impl serde::Serialize) -> Option<Map<String, Value>> {
    read(&serde_json::to_string(object).ok()?)
}

/// The numbers of an object's text.
fn read(text: &str) -> Option<Map<String, Value>> {
    match serde_json::from_str(text).ok()? {
        Value::Object(mut all) => {
            all.retain(|_, value| value.is_number());
            Some(all)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn history() -> [Epoch; 2] {
        [1, 2].map(|epoch| Epoch {
            epoch,
            train_loss: 3.5 / f64::from(epoch),
            validation_loss: None,
            learning_rate: 0.5,
        })
    }

    #[test]
    fn metrics_beside_a_model_are_told_where_they_are_of_its_run() {
        let folder = tempfile::tempdir().expect("a folder");
        let model = folder.path().join("model.safetensors");
        let told = |text: &str| {
            fs::write(folder.path().join(METRICS), text).expect("written");
            epochs(&model, &history())
        };
        let own = epochs(&model, &history());
        assert_eq!(own[1]["train_loss"], 1.75);
        assert!(!own[1].contains_key("validation_loss"));
        let first = r#"{"epoch":1,"train_loss":3.5,"train_kl":2.0,"note":"<b>"}"#;
        let seen = told(&format!(
            "{first}\n{{\"epoch\":2,\"train_loss\":1.75,\"train_kl\":1.0}}\n"
        ));
        assert_eq!(seen[0]["train_kl"], 2.0);
        assert!(!seen[0].contains_key("note"));
        for other in [
            first,
            &format!("{first}\n{{\"epoch\":2,\"train_loss\":1.8}}\n"),
            &format!("{first}\n[]\n"),
            "{",
        ] {
            assert_eq!(told(other), own, "{other}");
        }
    }
}
