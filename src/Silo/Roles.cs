namespace OrleansIoT.Silo;

/// <summary>What a process is. One executable and one image; a role is an argument.</summary>
[Flags]
public enum ProcessRoles
{
    None = 0,

    /// <summary>Hosts grains, and the history behind them.</summary>
    Silo = 1,

    /// <summary>HTTP in, grains out.</summary>
    Gateway = 2,

    /// <summary>MQTT in, grains out.</summary>
    Edge = 4,

    All = Silo | Gateway | Edge,
}
