// A browser and a backend at a time are enough for a machine that may have two cores.
[assembly: CollectionBehavior(DisableTestParallelization = true)]
