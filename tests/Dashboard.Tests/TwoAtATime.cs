// Two classes at a time, each with a backend of its own, are what a machine with two cores has room for.
[assembly: CollectionBehavior(MaxParallelThreads = 2)]
