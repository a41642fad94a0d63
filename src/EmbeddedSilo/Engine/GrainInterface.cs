using System.ComponentModel;
using System.Runtime.CompilerServices;

namespace OrleansIoT.EmbeddedSilo.Engine;

/// <summary>What a reference is made of.</summary>
[EditorBrowsable(EditorBrowsableState.Never)]
public readonly struct GrainAddress
{
    internal GrainAddress(GrainClass grainClass, string key, Activation? activation)
    {
        Class = grainClass;
        Key = key;
        Activation = activation;
    }

    internal GrainClass Class { get; }

    internal string Key { get; }

    internal Activation? Activation { get; }
}

/// <summary>Where generated code says how references to a grain interface are made; called by a module initializer.</summary>
[EditorBrowsable(EditorBrowsableState.Never)]
public static class GrainInterfaces
{
    public static void Add<TGrainInterface>(Func<GrainAddress, TGrainInterface> make) =>
        GrainInterface<TGrainInterface>.Make = make;
}

internal static class GrainInterface<TGrainInterface>
{
    internal static Func<GrainAddress, TGrainInterface>? Make;

    internal static TGrainInterface Reference(GrainClass grainClass, string key, Activation? activation = null) =>
        (Make ?? Find())(new GrainAddress(grainClass, key, activation));

    private static Func<GrainAddress, TGrainInterface> Find()
    {
        RuntimeHelpers.RunModuleConstructor(typeof(TGrainInterface).Module.ModuleHandle);
        return Make ?? throw new InvalidOperationException(
            $"There is no generated reference for {typeof(TGrainInterface)}: the project that declares it needs the EmbeddedSilo.Generator.");
    }
}
