//! Lists of the kinds of a part: a serde enum as users write it, and the trait that each kind implements.

/// Declares an enum with a variant for each kind of a part, each holding that kind's own specification, and the way from
/// the enum to the trait that all of them implement. To add a kind is to write its file and one line in such a list.
macro_rules! kinds {
    (
        $(#[$attribute:meta])*
        pub enum $name:ident: $part:path {
            $( $(#[$variant_attribute:meta])* $variant:ident($spec:ty), )+
        }
    ) => {
        $(#[$attribute])*
        pub enum $name {
            $( $(#[$variant_attribute])* $variant($spec), )+
        }

        // The enum holds one kind, as a box holds its content.
        impl std::ops::Deref for $name {
            type Target = dyn $part;

            fn deref(&self) -> &Self::Target {
                match self {
                    $( Self::$variant(spec) => spec, )+
                }
            }
        }

        impl std::ops::DerefMut for $name {
            fn deref_mut(&mut self) -> &mut Self::Target {
                match self {
                    $( Self::$variant(spec) => spec, )+
                }
            }
        }

        impl From<$name> for std::sync::Arc<dyn $part> {
            fn from(name: $name) -> Self {
                match name {
                    $( $name::$variant(spec) => std::sync::Arc::new(spec), )+
                }
            }
        }

        $(
            impl From<$spec> for $name {
                fn from(spec: $spec) -> Self {
                    Self::$variant(spec)
                }
            }
        )+
    };
}

/// As [`kinds`], of kinds without values of their own: a user writes a name alone. What it stands for has that name too, or is said.
macro_rules! named_kinds {
    (
        $(#[$attribute:meta])*
        pub enum $name:ident: $part:path {
            $( $(#[$variant_attribute:meta])* $variant:ident $(= $value:expr)?, )+
        }
    ) => {
        $(#[$attribute])*
        pub enum $name {
            $( $(#[$variant_attribute])* $variant, )+
        }

        impl std::ops::Deref for $name {
            type Target = dyn $part;

            fn deref(&self) -> &Self::Target {
                match self {
                    $( Self::$variant => {
                        const PART: &dyn $part = &named_kinds!(@value $variant $($value)?);
                        PART
                    } )+
                }
            }
        }

        impl From<$name> for std::sync::Arc<dyn $part> {
            fn from(name: $name) -> Self {
                match name {
                    $( $name::$variant => std::sync::Arc::new(named_kinds!(@value $variant $($value)?)), )+
                }
            }
        }
    };
    (@value $variant:ident) => { $variant };
    (@value $variant:ident $value:expr) => { $value };
}

pub(crate) use {kinds, named_kinds};
