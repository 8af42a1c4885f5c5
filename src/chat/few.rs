//! A list that usually has one item.

use smallvec::SmallVec;

/// A list whose first item costs no allocation: most people have one connection, and most
/// connections one room.
pub(in crate::chat) type Few<T> = SmallVec<[T; 1]>;

/// Removes the first item that matches; the others keep their order.
pub(in crate::chat) fn take<T>(list: &mut Few<T>, fits: impl FnMut(&T) -> bool) -> Option<T> {
    let at = list.iter().position(fits)?;
    Some(list.remove(at))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_item_that_fits_is_taken_and_the_others_keep_their_order() {
        let mut list: Few<u32> = Few::from_slice(&[1, 2, 3, 2]);
        assert_eq!(take(&mut list, |&item| item == 2), Some(2));
        assert_eq!(list.as_slice(), [1, 3, 2]);
        assert_eq!(take(&mut list, |&item| item == 7), None);
    }

    #[test]
    fn one_item_needs_no_allocation() {
        let mut list: Few<u32> = Few::new();
        list.push(7);
        assert!(!list.spilled());
        assert_eq!(take(&mut list, |&item| item == 7), Some(7));
        assert!(list.is_empty());
    }
}
