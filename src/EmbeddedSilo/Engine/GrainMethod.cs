using System.ComponentModel;
using System.Globalization;
using System.Reflection;

namespace OrleansIoT.EmbeddedSilo.Engine;

/// <summary>What the attributes of a grain method say about its calls.</summary>
[Flags]
[EditorBrowsable(EditorBrowsableState.Never)]
public enum CallKinds
{
    None = 0,
    OneWay = 1,
    ReadOnly = 2,
    AlwaysInterleave = 4,

    /// <summary>The engine's own: no answer is waited for, and no time limit holds.</summary>
    TimerTick = 8,

    /// <summary>It does not keep the activation from being collected.</summary>
    Idle = 16,
}

/// <summary>One method of a grain interface; generated code has one in a static field for each.</summary>
[EditorBrowsable(EditorBrowsableState.Never)]
public sealed class GrainMethod(
    Type interfaceType, string name, Type[] parameters, CallKinds kinds = CallKinds.None, string? timeout = null)
{
    private MethodInfo? _info;

    internal Type InterfaceType { get; } = interfaceType;

    internal string InterfaceName { get; } = interfaceType.FullName!.Replace('+', '.');

    internal string Name { get; } = name;

    internal bool IsOneWay { get; } = kinds.HasFlag(CallKinds.OneWay);

    internal bool IsReadOnly { get; } = kinds.HasFlag(CallKinds.ReadOnly);

    internal bool AlwaysInterleaves { get; } = kinds.HasFlag(CallKinds.AlwaysInterleave);

    internal bool IsTimerTick { get; } = kinds.HasFlag(CallKinds.TimerTick);

    internal bool KeepsAlive { get; } = !kinds.HasFlag(CallKinds.Idle);

    /// <summary>How long the caller waits, or null for the silo's default.</summary>
    internal TimeSpan? Timeout { get; } = timeout is null ? null : TimeSpan.Parse(timeout, CultureInfo.InvariantCulture);

    internal MethodInfo Info => _info ??= InterfaceType.GetMethod(Name, parameters)
        ?? throw new MissingMethodException(InterfaceType.FullName, Name);

    public override string ToString() => $"{InterfaceType.Name}.{Name}";
}
