/// A point of a drawing, y downwards.
struct Point: Equatable {
  var x: Double
  var y: Double
}

/// An upright rectangle of a drawing.
struct Box: Equatable {
  var x: Double
  var y: Double
  var width: Double
  var height: Double

  var right: Double { x + width }
  var bottom: Double { y + height }
  var middleX: Double { x + width / 2 }
  var middleY: Double { y + height / 2 }
}
