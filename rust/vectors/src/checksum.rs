//! CRC-32 (ISO-HDLC, as in zlib), bit by bit: no table, speed does not matter here.

/// A checksum that bytes are added to.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Crc(u32);

impl Default for Crc {
    fn default() -> Self {
        Self(!0)
    }
}

impl Crc {
    pub fn add(&mut self, bytes: &[u8]) {
        self.0 = bytes.iter().fold(self.0, |crc, byte| update(crc, *byte));
    }

    pub fn value(self) -> u32 {
        !self.0
    }
}

/// The checksum of bytes.
pub fn crc_bytes(bytes: &[u8]) -> u32 {
    let mut crc = Crc::default();
    crc.add(bytes);
    crc.value()
}

/// The checksum of the little-endian bytes of numbers.
pub fn crc_f32(numbers: &[f32]) -> u32 {
    let mut crc = Crc::default();
    numbers.iter().for_each(|x| crc.add(&x.to_le_bytes()));
    crc.value()
}

fn update(crc: u32, byte: u8) -> u32 {
    (0..8).fold(crc ^ u32::from(byte), |crc, _| (crc >> 1) ^ if crc & 1 == 1 { 0xEDB8_8320 } else { 0 })
}

#[cfg(test)]
mod tests {
    #[test]
    fn is_the_crc_of_the_catalogue() {
        assert_eq!(super::crc_bytes(b"123456789"), 0xCBF4_3926);
    }
}
