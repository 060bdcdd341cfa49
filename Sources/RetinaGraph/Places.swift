// Places in row-major arrays: every operator that only moves numbers is a list of places to read.

/// The places that a selection along every axis reads; -1 where one of its positions is negative.
///
/// `selections[a]` holds positions along axis `a` of an array of some extents; the result is row-major over them.
func selectedPlaces(_ selections: [[Int]], in extents: [Int]) -> [Int] {
  var places = [0]
  for (axis, selection) in selections.enumerated() {
    var next: [Int] = []
    next.reserveCapacity(places.count * selection.count)
    for place in places {
      for position in selection {
        next.append(place < 0 || position < 0 ? -1 : place * extents[axis] + position)
      }
    }
    places = next
  }
  return places
}

/// The places `offset + sum of index * stride` for all indices within extents, row-major.
func stridedPlaces(_ extents: [Int], strides: [Int]) -> [Int] {
  var places = [0]
  for (extent, stride) in zip(extents, strides) {
    var next: [Int] = []
    next.reserveCapacity(places.count * extent)
    for place in places {
      for index in 0..<extent { next.append(place + index * stride) }
    }
    places = next
  }
  return places
}

/// The steps between neighbours along every axis of a row-major array.
func rowMajorStrides(_ extents: [Int]) -> [Int] {
  var strides = [Int](repeating: 1, count: extents.count)
  for axis in extents.indices.dropLast().reversed() { strides[axis] = strides[axis + 1] * max(1, extents[axis + 1]) }
  return strides
}

/// The product of extents known to fit.
func product(_ extents: some Sequence<Int>) -> Int { extents.reduce(1, *) }

/// How arrays of different extents are combined: missing leading axes and those of extent 1 are repeated, as in NumPy.
struct Broadcast {
  /// The extents of the result.
  private(set) var extents: [Int] = []

  /// Takes in the extents of one more array; false when they do not fit.
  mutating func add(_ other: [Int]) -> Bool {
    let rank = max(extents.count, other.count)
    var result = [Int](repeating: 1, count: rank)
    for axis in 0..<rank {
      let a = axis - (rank - extents.count)
      let b = axis - (rank - other.count)
      let (first, second) = (a < 0 ? 1 : extents[a], b < 0 ? 1 : other[b])
      guard first == second || first == 1 || second == 1 else { return false }
      result[axis] = first == 1 ? second : first
    }
    extents = result
    return true
  }

  /// Where every number of the result is read from an array of some extents; nothing when each comes from its own place.
  func places(in source: [Int]) -> [Int]? {
    guard source != extents else { return nil }
    let missing = extents.count - source.count
    let strides = rowMajorStrides(source)
    return stridedPlaces(
      extents,
      strides: extents.indices.map { $0 < missing || source[$0 - missing] == 1 ? 0 : strides[$0 - missing] })
  }
}

extension TypedArray {
  /// The same numbers in another order, or some of them.
  func selecting(_ places: [Int], extents: [Int], fill: Int = 0) -> TypedArray {
    TypedArray(unchecked: numbers.selecting(places, fill: fill), type: type, extents: extents)
  }

  /// The same numbers under other extents of the same product.
  func reshaped(to extents: [Int]) -> TypedArray {
    TypedArray(unchecked: numbers, type: type, extents: extents)
  }

  /// The array repeated to the extents of a combination that it is part of.
  func broadcast(to broadcast: Broadcast) -> TypedArray {
    guard let places = broadcast.places(in: extents) else { return self }
    return selecting(places, extents: broadcast.extents)
  }
}
