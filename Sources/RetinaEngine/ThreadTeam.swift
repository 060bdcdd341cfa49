#if !hasFeature(Embedded)
  import Dispatch
  import Synchronization

  /// Threads that share pieces of work with the thread that calls, and stay awake between pieces that follow at once.
  ///
  /// A batch of training is some forty pieces of a tenth of a millisecond; waking a thread takes half as long. A member without work
  /// therefore looks for some for a while before it sleeps. Whoever comes first takes a part, so that the caller waits for no
  /// member that is late; what a part computes does not depend on who takes it.
  final class ThreadTeam: @unchecked Sendable {
    static let shared = ThreadTeam()

    /// How often a member looks for work before it sleeps: some fifty microseconds.
    private static let patience = 1 << 15

    private let isBusy = Atomic(false)
    /// Odd while there is work; counts on when work begins and when it ends.
    private let round = Atomic(0)
    private let nextPart = Atomic(0)
    /// Members that may be at work.
    private let active = Atomic(0)
    private let sleepers = Atomic(0)
    /// Whether the caller sleeps until the members are done.
    private let isWaiting = Atomic(false)
    private let alarm = DispatchSemaphore(value: 0)
    private let done = DispatchSemaphore(value: 0)
    /// Written by the caller between rounds alone.
    private var parts = 0
    private var work: UnsafePointer<(Int) -> Void>?
    private var members = 0

    /// Does the parts 0..<parts of a piece of work on at most as many threads.
    ///
    /// - Returns: false when the team is at work already, for another thread or in this very piece of work; nothing is done then.
    func share(_ parts: Int, _ work: (Int) -> Void) -> Bool {
      guard !isBusy.exchange(true, ordering: .acquiring) else { return false }
      defer { isBusy.store(false, ordering: .releasing) }
      while members < parts - 1 { addMember() }
      withoutActuallyEscaping(work) { work in
        withUnsafePointer(to: work) { pointer in
          (self.parts, self.work) = (parts, pointer)
          nextPart.store(0, ordering: .relaxed)
          round.add(1, ordering: .sequentiallyConsistent)
          for _ in 0..<min(parts - 1, sleepers.load(ordering: .sequentiallyConsistent)) { alarm.signal() }
          takeParts()
          // Members that look at the round from here on find nothing to do; the others are waited for.
          round.add(1, ordering: .sequentiallyConsistent)
          awaitMembers()
          self.work = nil
        }
      }
      return true
    }

    private func takeParts() {
      while let work {
        let part = nextPart.add(1, ordering: .relaxed).oldValue
        guard part < parts else { return }
        work.pointee(part)
      }
    }

    private func awaitMembers() {
      for _ in 0..<ThreadTeam.patience where active.load(ordering: .sequentiallyConsistent) == 0 { return }
      isWaiting.store(true, ordering: .sequentiallyConsistent)
      while active.load(ordering: .sequentiallyConsistent) > 0 { done.wait() }
      isWaiting.store(false, ordering: .sequentiallyConsistent)
    }

    private func addMember() {
      members += 1
      DispatchQueue(label: "retina.member").async { [self] in
        var last = 0
        while true {
          last = awaitRound(after: last)
          active.add(1, ordering: .sequentiallyConsistent)
          if round.load(ordering: .sequentiallyConsistent) == last { takeParts() }
          let others = active.subtract(1, ordering: .sequentiallyConsistent).newValue
          if others == 0, isWaiting.load(ordering: .sequentiallyConsistent) { done.signal() }
        }
      }
    }

    /// The number of a round with work that is another than the last one.
    private func awaitRound(after last: Int) -> Int {
      while true {
        for _ in 0..<ThreadTeam.patience {
          let present = round.load(ordering: .acquiring)
          if present % 2 == 1, present != last { return present }
        }
        sleepers.add(1, ordering: .sequentiallyConsistent)
        let present = round.load(ordering: .sequentiallyConsistent)
        if present % 2 == 0 || present == last { alarm.wait() }
        sleepers.subtract(1, ordering: .sequentiallyConsistent)
      }
    }
  }
#endif
