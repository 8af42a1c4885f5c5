//! A list that mostly has one item.

/// A list whose first item costs no allocation: most people have one connection, and most
/// connections one room.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::chat) enum Few<T> {
    /// Exactly one.
    One(T),
    /// Any number.
    Many(Vec<T>),
}

impl<T> Default for Few<T> {
    fn default() -> Self {
        Self::Many(Vec::new())
    }
}

impl<T: Copy> Few<T> {
    /// Returns the items in order.
    pub(in crate::chat) fn as_slice(&self) -> &[T] {
        match self {
            Self::One(item) => std::slice::from_ref(item),
            Self::Many(items) => items,
        }
    }

    /// Returns the items in order, to be changed in place.
    pub(in crate::chat) fn as_mut_slice(&mut self) -> &mut [T] {
        match self {
            Self::One(item) => std::slice::from_mut(item),
            Self::Many(items) => items,
        }
    }

    /// Adds an item at the end.
    pub(in crate::chat) fn push(&mut self, item: T) {
        match self {
            Self::Many(items) if items.is_empty() => *self = Self::One(item),
            Self::Many(items) => items.push(item),
            Self::One(first) => *self = Self::Many(vec![*first, item]),
        }
    }

    /// Takes out the first item that fits; the others keep their order.
    pub(in crate::chat) fn take(&mut self, fits: impl FnMut(&T) -> bool) -> Option<T> {
        let at = self.as_slice().iter().position(fits)?;
        match self {
            Self::One(item) => {
                let item = *item;
                *self = Self::default();
                Some(item)
            }
            Self::Many(items) => Some(items.remove(at)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_of_few_keeps_its_order() {
        let mut few = Few::default();
        assert_eq!(few.take(|_: &u32| true), None);
        for item in 1..=3 {
            few.push(item);
        }
        assert_eq!(few.as_slice(), [1, 2, 3]);
        assert_eq!(few.take(|&item| item == 2), Some(2));
        assert_eq!(few.take(|&item| item == 2), None);
        assert_eq!(few.as_slice(), [1, 3]);
    }

    #[test]
    fn one_room_needs_no_allocation() {
        let mut few = Few::default();
        few.push(7);
        assert_eq!(few, Few::One(7));
        assert_eq!(few.take(|&item| item == 7), Some(7));
        assert_eq!(few, Few::default());
    }
}
