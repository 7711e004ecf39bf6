//! The places of a JSON document: each field, each variant, `null` and `some` of what is optional, `false` and `true`,
//! a list empty and filled. Told by a type's own `Deserialize`, or found in a document.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use serde::de::value::{Error, StrDeserializer};
use serde::de::{
    DeserializeOwned, DeserializeSeed, Deserializer, EnumAccess, MapAccess, SeqAccess, VariantAccess, Visitor,
};
use serde_json::Value;

/// Every place that a document of the type can have, below `name`.
pub(super) fn of_type<T: DeserializeOwned>(name: &str) -> BTreeSet<String> {
    let trace = RefCell::default();
    loop {
        T::deserialize(Probe {
            at: name.to_owned(),
            trace: &trace,
        })
        .unwrap_or_else(|error| panic!("{name}: {error}"));
        if !trace.borrow_mut().choose_next() {
            return trace.into_inner().places;
        }
    }
}

/// Every place that the document has.
pub(super) fn of_json(at: &str, value: &Value) -> BTreeSet<String> {
    let mut found = BTreeSet::from([match value {
        Value::Null => format!("{at}=null"),
        _ => format!("{at}=some"),
    }]);
    match value {
        Value::Null | Value::Number(_) => {}
        Value::Bool(flag) => drop(found.insert(format!("{at}={flag}"))),
        // A text, or a variant without parts.
        Value::String(word) => drop(found.insert(format!("{at}.{word}"))),
        Value::Array(items) => {
            let filled = if items.is_empty() { "empty" } else { "filled" };
            found.insert(format!("{at}={filled}"));
            found.extend(items.iter().flat_map(|item| of_json(&format!("{at}[]"), item)));
        }
        Value::Object(parts) => {
            for (name, part) in parts {
                let at = format!("{at}.{name}");
                found.extend(of_json(&at, part));
                found.insert(at);
            }
        }
    }
    found
}

/// Places that were met, and which way was taken where there are several.
#[derive(Default)]
struct Trace {
    places: BTreeSet<String>,
    choices: BTreeMap<String, usize>,
    /// Met this time, in order: place and number of ways.
    met: Vec<(String, usize)>,
}

impl Trace {
    fn choose(&mut self, at: String, ways: usize) -> usize {
        self.met.push((at.clone(), ways));
        *self.choices.entry(at).or_default()
    }

    /// The next way at the last place that has one left; what comes before it stays, so that all behind it is met.
    fn choose_next(&mut self) -> bool {
        let met = std::mem::take(&mut self.met);
        let open = met
            .into_iter()
            .rev()
            .find(|(at, ways)| self.choices[at] + 1 < *ways);
        open.and_then(|(at, _)| self.choices.get_mut(&at))
            .map(|way| *way += 1)
            .is_some()
    }
}

#[derive(Clone)]
struct Probe<'a> {
    at: String,
    trace: &'a RefCell<Trace>,
}

impl Probe<'_> {
    fn inside(&self, part: &str) -> Self {
        Self {
            at: format!("{}{part}", self.at),
            trace: self.trace,
        }
    }

    fn note(&self, what: &str) {
        self.trace
            .borrow_mut()
            .places
            .insert(format!("{}{what}", self.at));
    }

    /// What is optional may be an enum: their ways differ by `what`.
    fn choose(&self, what: &str, ways: usize) -> usize {
        self.trace.borrow_mut().choose(format!("{}{what}", self.at), ways)
    }

    /// One of two words, noted.
    fn either(&self, words: [&str; 2]) -> bool {
        let way = self.choose(words[0], 2);
        self.note(words[way]);
        way == 1
    }
}

impl<'de> Deserializer<'de> for Probe<'_> {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Error> {
        Err(serde::de::Error::custom(format!(
            "{}: a type that places.rs does not know",
            self.at
        )))
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_bool(self.either(["=false", "=true"]))
    }

    fn deserialize_u32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_u32(1)
    }

    /// A text that is a time as well.
    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_str("2027-01-15T08:00:00Z")
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.deserialize_str(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        if self.either(["=null", "=some"]) {
            visitor.visit_some(self)
        } else {
            visitor.visit_none()
        }
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        let left = usize::from(self.either(["=empty", "=filled"]));
        visitor.visit_seq(Items { probe: self, left })
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        names: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        visitor.visit_map(Fields {
            probe: self,
            names: names.iter(),
            name: "",
        })
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        names: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        let name = names[self.choose(".", names.len())];
        let probe = self.inside(&format!(".{name}"));
        probe.note("");
        visitor.visit_enum(Variant { probe, name })
    }

    serde::forward_to_deserialize_any! {
        i8 i16 i32 i64 u8 u16 u64 f32 f64 char bytes byte_buf unit unit_struct newtype_struct tuple tuple_struct map
        identifier ignored_any
    }
}

struct Items<'a> {
    probe: Probe<'a>,
    left: usize,
}

impl<'de> SeqAccess<'de> for Items<'_> {
    type Error = Error;

    fn next_element_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, Error> {
        let more = self.left > 0;
        self.left = 0;
        more.then(|| seed.deserialize(self.probe.inside("[]")))
            .transpose()
    }
}

struct Fields<'a> {
    probe: Probe<'a>,
    names: std::slice::Iter<'static, &'static str>,
    name: &'static str,
}

impl<'de> MapAccess<'de> for Fields<'_> {
    type Error = Error;

    fn next_key_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, Error> {
        let Some(name) = self.names.next() else {
            return Ok(None);
        };
        self.name = name;
        self.probe.note(&format!(".{name}"));
        seed.deserialize(StrDeserializer::<Error>::new(name)).map(Some)
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, Error> {
        seed.deserialize(self.probe.inside(&format!(".{}", self.name)))
    }
}

struct Variant<'a> {
    probe: Probe<'a>,
    name: &'static str,
}

impl<'de> EnumAccess<'de> for Variant<'_> {
    type Error = Error;
    type Variant = Self;

    fn variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<(S::Value, Self), Error> {
        let name = seed.deserialize(StrDeserializer::<Error>::new(self.name))?;
        Ok((name, self))
    }
}

impl<'de> VariantAccess<'de> for Variant<'_> {
    type Error = Error;

    fn unit_variant(self) -> Result<(), Error> {
        Ok(())
    }

    fn newtype_variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<S::Value, Error> {
        seed.deserialize(self.probe)
    }

    fn tuple_variant<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, Error> {
        self.probe.deserialize_any(visitor)
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        names: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.probe.deserialize_struct("", names, visitor)
    }
}
