//! bcrypt for several passwords at once, on one thread.
//!
//! bcrypt spends its time in look-ups, each of which needs the one before it. A core waits for most
//! of them; several hashes, computed in lockstep, give it something else to do meanwhile. Each of
//! them has a state of its own, a "lane" of 4 KiB, and four of them fit into the fastest memory of
//! any current core.

mod pi;

use crate::cost::Cost;
use std::array;
use subtle::ConstantTimeEq;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

/// How many hashes are computed in lockstep at most. On one machine, four took a seventh longer than one,
/// and five 12 % longer than four; on another, four took up to four fifths longer than one, and five
/// computed fewer hashes a second than four. A login waits for those that were begun before it came, so
/// four it is.
pub(crate) const MAX_LANES: usize = 4;

/// The length of a salt.
pub(crate) const SALT_BYTES: usize = 16;

/// The longest key, and the length to which shorter ones are repeated.
const KEY_BYTES: usize = 72;

/// What bcrypt is computed over.
pub(crate) struct Preimage {
    /// On the heap, so that moving it leaves no copy behind.
    key: Zeroizing<Vec<u8>>,
    salt: [u8; SALT_BYTES],
}

impl Preimage {
    /// The key is the first 72 bytes of: the password and a NUL, over and over.
    pub(crate) fn new(password: &[u8], salt: [u8; SALT_BYTES]) -> Self {
        let mut key = Zeroizing::new(Vec::with_capacity(KEY_BYTES));
        key.extend(password.iter().chain(&[0]).cycle().take(KEY_BYTES));
        Self { key, salt }
    }

    /// The key, repeated to its full length: bcrypt sees no difference.
    pub(crate) fn key(&self) -> &[u8] {
        &self.key
    }

    pub(crate) fn salt(&self) -> [u8; SALT_BYTES] {
        self.salt
    }
}

/// What bcrypt computes; of 24 bytes, all implementations drop the last.
#[derive(Clone, Copy)]
#[cfg_attr(test, derive(Debug, PartialEq, Eq))]
pub(crate) struct Checksum(pub(crate) [u8; Self::BYTES]);

impl Checksum {
    pub(crate) const BYTES: usize = 23;

    pub(crate) fn from_words(words: &[u32; 6]) -> Self {
        let mut bytes = [0; Self::BYTES];
        let computed = words.iter().flat_map(|word| word.to_be_bytes());
        bytes.iter_mut().zip(computed).for_each(|(slot, byte)| *slot = byte);
        Self(bytes)
    }

    /// Compares in constant time.
    pub(crate) fn equals(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

/// bcrypt of one cost over each of the preimages (Provos and Mazières, "A Future-Adaptable Password
/// Scheme", 1999).
#[expect(clippy::indexing_slicing, reason = "a salt, repeated, has more than four words")]
pub(crate) fn checksums<const LANES: usize>(cost: Cost, preimages: [&Preimage; LANES]) -> [Checksum; LANES] {
    let (mut keys, mut salts) = (Zeroizing::new([[0; 18]; LANES]), [[0; 18]; LANES]);
    for ((key, salt), preimage) in keys.iter_mut().zip(&mut salts).zip(preimages) {
        repeat(&preimage.key, key);
        repeat(&preimage.salt, salt);
    }
    let mut lanes = Lanes::new();
    // A salt is two pairs of words, taken in turn.
    lanes.expand(&keys, |words, pair, half| xor(words, salts.map(|salt| salt[pair % 2 * 2 + half])));
    for _ in 0..1_u32 << cost.as_u32() {
        lanes.expand(&keys, |words, _, _| words);
        lanes.expand(&salts, |words, _, _| words);
    }
    lanes.encrypt_the_text().each_ref().map(Checksum::from_words)
}

/// Fills the words with the bytes, over and over.
fn repeat(bytes: &[u8], words: &mut [u32; 18]) {
    let mut repeated = bytes.iter().cycle();
    for word in words {
        *word = (0..4).zip(&mut repeated).fold(0, |word, (_, byte)| (word << 8) | u32::from(*byte));
    }
}

fn xor<const LANES: usize>(mut words: [u32; LANES], others: [u32; LANES]) -> [u32; LANES] {
    words.iter_mut().zip(others).for_each(|(word, other)| *word ^= other);
    words
}

/// The states of Blowfish, in lockstep. They are wiped when dropped.
struct Lanes<const LANES: usize>([State; LANES]);

struct State {
    p: [u32; 18],
    s: [[u32; 256]; 4],
}

impl State {
    #[inline]
    #[expect(clippy::indexing_slicing, reason = "a box has an entry for every byte")]
    fn mix(&self, half: u32) -> u32 {
        // Named from the least significant on, the order in which most machines hold them.
        let [d, c, b, a] = half.to_le_bytes();
        let [first, second, third, fourth] = &self.s;
        let sum = first[usize::from(a)].wrapping_add(second[usize::from(b)]);
        (sum ^ third[usize::from(c)]).wrapping_add(fourth[usize::from(d)])
    }
}

// All loops are over lanes and constants, so that the compiler unrolls them and knows every index.
#[expect(clippy::indexing_slicing, reason = "loops end where the arrays do")]
impl<const LANES: usize> Lanes<LANES> {
    fn new() -> Self {
        Self(array::from_fn(|_| State { p: pi::P, s: pi::S }))
    }

    /// Enciphers one block a lane. A half takes its sub-key before the other one is mixed into it: what
    /// comes next waits for the mixing alone.
    #[inline(always)]
    #[expect(
        clippy::inline_always,
        reason = "left to itself, the compiler keeps the halves in memory: a tenth slower"
    )]
    fn encrypt(&self, mut left: [u32; LANES], mut right: [u32; LANES]) -> ([u32; LANES], [u32; LANES]) {
        let lanes = &self.0;
        for lane in 0..LANES {
            left[lane] ^= lanes[lane].p[0];
        }
        // Written out: four lanes were 4 % slower in a loop.
        (left, right) = self.two_rounds(1, left, right);
        (left, right) = self.two_rounds(3, left, right);
        (left, right) = self.two_rounds(5, left, right);
        (left, right) = self.two_rounds(7, left, right);
        (left, right) = self.two_rounds(9, left, right);
        (left, right) = self.two_rounds(11, left, right);
        (left, right) = self.two_rounds(13, left, right);
        (left, right) = self.two_rounds(15, left, right);
        for lane in 0..LANES {
            right[lane] ^= lanes[lane].p[17];
        }
        (right, left)
    }

    /// Two rounds, with the sub-key of that number and the next.
    #[inline(always)]
    #[expect(clippy::inline_always, reason = "as above")]
    fn two_rounds(
        &self,
        key: usize,
        mut left: [u32; LANES],
        mut right: [u32; LANES],
    ) -> ([u32; LANES], [u32; LANES]) {
        let lanes = &self.0;
        for lane in 0..LANES {
            right[lane] ^= lanes[lane].p[key];
            right[lane] ^= lanes[lane].mix(left[lane]);
        }
        for lane in 0..LANES {
            left[lane] ^= lanes[lane].p[key + 1];
            left[lane] ^= lanes[lane].mix(right[lane]);
        }
        (left, right)
    }

    /// Mixes a key into the state. `salted` adds a salt to a half of what is enciphered: to the left
    /// one, 0, or to the right one, 1, of the given pair of words.
    fn expand(
        &mut self,
        keys: &[[u32; 18]; LANES],
        salted: impl Fn([u32; LANES], usize, usize) -> [u32; LANES],
    ) {
        for (state, key) in self.0.iter_mut().zip(keys) {
            state.p.iter_mut().zip(key).for_each(|(word, key)| *word ^= key);
        }
        let (mut left, mut right) = ([0; LANES], [0; LANES]);
        for pair in 0..9 {
            (left, right) = self.encrypt(salted(left, pair, 0), salted(right, pair, 1));
            for lane in 0..LANES {
                self.0[lane].p[2 * pair] = left[lane];
                self.0[lane].p[2 * pair + 1] = right[lane];
            }
        }
        for number in 0..4 {
            for pair in 0..128 {
                // The sub-keys took an odd number of pairs.
                (left, right) = self.encrypt(salted(left, pair + 1, 0), salted(right, pair + 1, 1));
                for lane in 0..LANES {
                    self.0[lane].s[number][2 * pair] = left[lane];
                    self.0[lane].s[number][2 * pair + 1] = right[lane];
                }
            }
        }
    }

    /// The text that bcrypt enciphers, enciphered 64 times.
    fn encrypt_the_text(&self) -> [[u32; 6]; LANES] {
        let mut words = [[0; 6]; LANES];
        let text = [[*b"Orph", *b"eanB"], [*b"ehol", *b"derS"], [*b"cryD", *b"oubt"]];
        for (block, halves) in text.into_iter().enumerate() {
            let [mut left, mut right] = halves.map(|half| [u32::from_be_bytes(half); LANES]);
            for _ in 0..64 {
                (left, right) = self.encrypt(left, right);
            }
            for lane in 0..LANES {
                words[lane][2 * block] = left[lane];
                words[lane][2 * block + 1] = right[lane];
            }
        }
        words
    }
}

impl<const LANES: usize> Zeroize for Lanes<LANES> {
    fn zeroize(&mut self) {
        for State { p, s } in &mut self.0 {
            p.zeroize();
            s.zeroize();
        }
    }
}

impl<const LANES: usize> ZeroizeOnDrop for Lanes<LANES> {}

impl<const LANES: usize> Drop for Lanes<LANES> {
    fn drop(&mut self) {
        self.zeroize();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wiped_state_holds_nothing_of_any_lane() {
        let mut lanes = Lanes::<{ MAX_LANES }>::new();
        lanes.expand(&[[0x5a5a_5a5a; 18]; MAX_LANES], |words, _, _| words);
        lanes.zeroize();
        for State { p, s } in &lanes.0 {
            assert!(p.iter().chain(s.as_flattened()).all(|word| *word == 0));
        }
    }

    #[test]
    fn what_a_password_was_mixed_into_is_wiped_when_dropped() {
        fn is_wiped<T: ZeroizeOnDrop>(_: &T) {}
        is_wiped(&Lanes::<1>::new());
        is_wiped(&Preimage::new(b"password", [0; SALT_BYTES]).key);
    }
}
