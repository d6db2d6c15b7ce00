//! Bytes that are compared together: as many as WebAssembly has in a vector, elsewhere as many as fit a word.

#[cfg(not(all(target_arch = "wasm32", target_feature = "simd128")))]
pub(super) use word::{LANES, Lanes};

#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
pub(super) use vector::{LANES, Lanes};

#[cfg(not(all(target_arch = "wasm32", target_feature = "simd128")))]
mod word {
    /// How many bytes.
    pub(in super::super) const LANES: usize = size_of::<u64>();

    /// One bit in each byte.
    const ONES: u64 = u64::from_ne_bytes([1; LANES]);

    #[derive(Clone, Copy)]
    pub(in super::super) struct Lanes(u64);

    impl Lanes {
        /// The same byte in all.
        pub(in super::super) fn splat(byte: u8) -> Self {
            Self(ONES * u64::from(byte))
        }

        #[inline]
        pub(in super::super) fn load(bytes: &[u8; LANES]) -> Self {
            Self(u64::from_le_bytes(*bytes))
        }

        /// What of the bits in `mask` is not as in `byte`.
        #[inline]
        pub(in super::super) fn differs(self, mask: Self, byte: Self) -> Self {
            Self((self.0 & mask.0) ^ byte.0)
        }

        #[inline]
        pub(in super::super) fn or(self, other: Self) -> Self {
            Self(self.0 | other.0)
        }

        /// A bit for each byte that is zero, the first one lowest.
        #[inline]
        pub(in super::super) fn zeros(self) -> u32 {
            // The high bit of each byte that is not zero; no carry leaves its byte.
            let low = !(ONES << 7);
            let others = ((self.0 & low) + low) | self.0;
            // The product moves each of those bits to the highest byte, no two to the same place.
            let bits = (!others & !low) >> 7;
            (bits.wrapping_mul(0x0102_0408_1020_4080) >> 56) as u32
        }
    }
}

#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
mod vector {
    use core::arch::wasm32::{
        u8x16_bitmask, u8x16_eq, u8x16_splat, u64x2, u64x2_splat, v128, v128_and, v128_or, v128_xor,
    };

    /// How many bytes.
    pub(in super::super) const LANES: usize = size_of::<v128>();

    #[derive(Clone, Copy)]
    pub(in super::super) struct Lanes(v128);

    impl Lanes {
        /// The same byte in all.
        pub(in super::super) fn splat(byte: u8) -> Self {
            Self(u8x16_splat(byte))
        }

        /// One instruction, as it is compiled: that for reading a vector is not a safe one.
        #[inline]
        pub(in super::super) fn load(bytes: &[u8; LANES]) -> Self {
            let (low, high) = bytes.split_at(LANES / 2);
            let half = |half: &[u8]| u64::from_le_bytes(half.try_into().unwrap_or_default());
            Self(u64x2(half(low), half(high)))
        }

        /// What of the bits in `mask` is not as in `byte`.
        #[inline]
        pub(in super::super) fn differs(self, mask: Self, byte: Self) -> Self {
            Self(v128_xor(v128_and(self.0, mask.0), byte.0))
        }

        #[inline]
        pub(in super::super) fn or(self, other: Self) -> Self {
            Self(v128_or(self.0, other.0))
        }

        /// A bit for each byte that is zero, the first one lowest.
        #[inline]
        pub(in super::super) fn zeros(self) -> u32 {
            u32::from(u8x16_bitmask(u8x16_eq(self.0, u64x2_splat(0))))
        }
    }
}
