//! CRC-32 (ISO-HDLC, as in zlib), bit by bit: no table, speed does not matter here.

/// The checksum of bytes.
pub fn crc_bytes(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0, |crc, byte| update(crc, *byte))
}

/// The checksum of the little-endian bytes of numbers.
pub fn crc_f32(numbers: &[f32]) -> u32 {
    !numbers.iter().flat_map(|x| x.to_le_bytes()).fold(!0, update)
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
