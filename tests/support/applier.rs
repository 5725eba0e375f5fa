//! Applies a unified diff to bytes, strictly: every context and removed line must match, every count
//! must add up, nothing is searched for. Shares no code with the writer of the diffs.

/// Applies the hunks of one file's diff; an error says which line of the diff does not fit.
pub fn apply(before: &[u8], diff: &[u8]) -> Result<Vec<u8>, String> {
    if diff.is_empty() {
        return Ok(before.to_vec());
    }
    let old = records(before);
    let rows = records(diff);
    let mut out = Vec::new();
    let mut taken = 0;
    let mut row = 2;
    if rows.len() < 3 || !rows[0].starts_with(b"--- ") || !rows[1].starts_with(b"+++ ") {
        return Err("the two header lines are missing".into());
    }
    while row < rows.len() {
        let [from, old_len, to, new_len] =
            numbers(rows[row]).ok_or(format!("line {}: no hunk header", row + 1))?;
        row += 1;
        let first = if old_len == 0 { from } else { from.checked_sub(1).ok_or("line 0")? };
        if first < taken || first > old.len() {
            return Err(format!("line {row}: the hunk starts at {from}"));
        }
        out.extend_from_slice(&old[taken..first]);
        taken = first;
        if out.len() + usize::from(new_len > 0) != to {
            return Err(format!("line {row}: the hunk goes to {to}, not {}", out.len() + 1));
        }
        let (mut left, mut right) = (old_len, new_len);
        while left > 0 || right > 0 {
            let line = rows.get(row).ok_or("the last hunk is cut short")?;
            row += 1;
            let bare = rows.get(row).is_some_and(|next| next.starts_with(b"\\ "));
            let body = if bare { &line[1..line.len() - 1] } else { &line[1..] };
            row += usize::from(bare);
            if line[0] == b' ' || line[0] == b'-' {
                if old.get(taken) != Some(&body) || left == 0 {
                    return Err(format!("line {row}: not what the file holds"));
                }
                taken += 1;
                left -= 1;
            }
            if line[0] == b' ' || line[0] == b'+' {
                out.push(body);
                right = right.checked_sub(1).ok_or(format!("line {row}: one line too many"))?;
            }
            if !matches!(line[0], b' ' | b'-' | b'+') {
                return Err(format!("line {row}: unknown mark"));
            }
        }
    }
    out.extend_from_slice(&old[taken..]);
    Ok(out.concat())
}

fn records(bytes: &[u8]) -> Vec<&[u8]> {
    let mut all = Vec::new();
    let mut rest = bytes;
    while !rest.is_empty() {
        let len = rest.iter().position(|&b| b == b'\n').map_or(rest.len(), |at| at + 1);
        all.push(&rest[..len]);
        rest = &rest[len..];
    }
    all
}

fn numbers(header: &[u8]) -> Option<[usize; 4]> {
    let text = std::str::from_utf8(header).ok()?;
    let inner = text.strip_prefix("@@ -")?.strip_suffix(" @@\n")?;
    let (old, new) = inner.split_once(" +")?;
    let pair = |side: &str| match side.split_once(',') {
        Some((start, len)) => Some((start.parse().ok()?, len.parse().ok()?)),
        None => Some((side.parse().ok()?, 1)),
    };
    let ((a, b), (c, d)) = (pair(old)?, pair(new)?);
    Some([a, b, c, d])
}
