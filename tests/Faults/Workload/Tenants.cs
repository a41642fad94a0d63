namespace OrleansIoT.Faults.Workload;

internal static class Tenants
{
    /// <summary>The installation's own.</summary>
    public const string Default = "default";
}
