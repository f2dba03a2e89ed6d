//! Base64, as far as cameras write it: RFC 4648, either alphabet, lines broken anywhere, the padding
//! there or not.

/// The bytes that `text` says; none where it is no base64.
pub fn decode(text: &[u8]) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len() / 4 * 3 + 3);
    let (mut bits, mut count) = (0_u32, 0_u32);
    let mut is_padded = false;
    for byte in text.iter().filter(|byte| !byte.is_ascii_whitespace()) {
        let six = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' | b'-' => 62,
            b'/' | b'_' => 63,
            b'=' => {
                is_padded = true;
                continue;
            }
            _ => return None,
        };
        if is_padded {
            return None;
        }
        bits = bits << 6 | u32::from(six);
        count += 6;
        if count >= 8 {
            count -= 8;
            bytes.push(u8::try_from(bits >> count & 0xFF).ok()?);
            bits &= (1 << count) - 1;
        }
    }
    // What is left over is zeros, and less than a letter of its own.
    (count < 6 && bits == 0).then_some(bytes)
}
