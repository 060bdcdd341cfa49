/// What a mistyped word probably meant: `; did you mean 'NAME'?`, or nothing when no name is near.
func suggestion(for word: String, among names: [String]) -> String {
  let near = names.map { (name: $0, edits: edits(Array(word), Array($0))) }.min { $0.edits < $1.edits }
  guard let near, near.edits <= max(1, word.count / 3) else { return "" }
  return "; did you mean '\(near.name)'?"
}

/// The smallest number of letters to insert, leave out, replace or swap with their neighbour that makes one word the other.
private func edits(_ word: [Character], _ name: [Character]) -> Int {
  var rows = [Array(0...name.count)]
  for i in word.indices {
    var row = [i + 1]
    for j in name.indices {
      var best = min(rows[i][j + 1] + 1, row[j] + 1, rows[i][j] + (word[i] == name[j] ? 0 : 1))
      if i > 0, j > 0, word[i] == name[j - 1], word[i - 1] == name[j] { best = min(best, rows[i - 1][j - 1] + 1) }
      row.append(best)
    }
    rows.append(row)
  }
  return rows[word.count][name.count]
}
