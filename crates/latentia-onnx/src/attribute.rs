//! Settings of operators.

use crate::proto::AttributeProto;

/// A number.
pub(crate) fn float(name: &str, f: f32) -> AttributeProto {
    AttributeProto {
        f,
        r#type: 1,
        ..named(name)
    }
}

/// A whole number.
pub(crate) fn int(name: &str, i: i64) -> AttributeProto {
    AttributeProto {
        i,
        r#type: 2,
        ..named(name)
    }
}

/// Text.
pub(crate) fn text(name: &str, s: &str) -> AttributeProto {
    AttributeProto {
        s: s.into(),
        r#type: 3,
        ..named(name)
    }
}

/// Numbers.
pub(crate) fn floats(name: &str, floats: Vec<f32>) -> AttributeProto {
    AttributeProto {
        floats,
        r#type: 6,
        ..named(name)
    }
}

/// Whole numbers.
pub(crate) fn ints(name: &str, ints: impl IntoIterator<Item = usize>) -> AttributeProto {
    AttributeProto {
        ints: ints.into_iter().map(|i| i as i64).collect(),
        r#type: 7,
        ..named(name)
    }
}

/// Texts.
pub(crate) fn texts(name: &str, texts: &[String]) -> AttributeProto {
    AttributeProto {
        strings: texts.iter().map(|text| text.clone().into()).collect(),
        r#type: 8,
        ..named(name)
    }
}

fn named(name: &str) -> AttributeProto {
    AttributeProto {
        name: name.into(),
        ..AttributeProto::default()
    }
}
