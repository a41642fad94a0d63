// Each test runs processes of its own on a machine that may have two cores.
[assembly: CollectionBehavior(DisableTestParallelization = true)]
