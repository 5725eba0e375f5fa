//! Values made once from something that is named, kept until it changes.

use std::cell::RefCell;
use std::collections::HashMap;
use std::fmt;
use std::hash::Hash;
use std::rc::Rc;

/// Values by name, failures to make them included.
pub struct Shelf<K, V, E>(RefCell<HashMap<K, Result<Rc<V>, E>>>);

impl<K: Clone + Eq + Hash, V, E: Clone> Shelf<K, V, E> {
    /// Gives the value of a name, making it when it is asked for the first time.
    pub fn have(&self, key: &K, make: impl FnOnce() -> Result<V, E>) -> Result<Rc<V>, E> {
        if let Some(known) = self.0.borrow().get(key) {
            return known.clone();
        }
        let made = make().map(Rc::new);
        self.0.borrow_mut().insert(key.clone(), made.clone());
        made
    }

    /// Drops all values.
    pub fn forget_all(&mut self) {
        self.0.get_mut().clear();
    }

    /// Drops the value of a name whose source has changed.
    pub fn forget(&mut self, key: &K) {
        self.0.get_mut().remove(key);
    }
}

impl<K, V, E> Default for Shelf<K, V, E> {
    fn default() -> Self {
        Self(RefCell::default())
    }
}

impl<K, V, E> fmt::Debug for Shelf<K, V, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Shelf of {}", self.0.borrow().len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_made_once_and_again_when_it_was_forgotten() {
        let mut shelf: Shelf<u8, u8, ()> = Shelf::default();
        assert_eq!(shelf.have(&1, || Ok(10)).as_deref(), Ok(&10));
        assert_eq!(shelf.have(&1, || Ok(20)).as_deref(), Ok(&10));
        shelf.forget(&1);
        assert_eq!(shelf.have(&1, || Err(())), Err(()));
        assert_eq!(shelf.have(&1, || Ok(30)), Err(()));
    }
}
