using OrleansIoT.EmbeddedSilo.Engine;

namespace Orleans;

/// <summary>Who a grain is, asked of itself or of a reference to it.</summary>
public static class GrainExtensions
{
    public static GrainId GetGrainId(this IAddressable grain) => grain switch
    {
        GrainReference reference => reference.GrainId,
        IGrainBase itself => itself.GrainContext.GrainId,
        _ => throw NotAGrain(grain),
    };

    public static string GetPrimaryKeyString(this IAddressable grain) => grain switch
    {
        GrainReference reference => reference.Key,
        IGrainBase itself => itself.GrainContext.GrainId.Key.Value,
        _ => throw NotAGrain(grain),
    };

    /// <summary>A reference to the grain, for itself to give to others, or the same grain through another interface.</summary>
    public static TGrainInterface AsReference<TGrainInterface>(this IAddressable grain) => grain switch
    {
        GrainReference reference => reference.As<TGrainInterface>(),
        IGrainBase itself => ((Activation)itself.GrainContext).Silo.Reference<TGrainInterface>(itself.GrainContext.GrainId),
        _ => throw NotAGrain(grain),
    };

    /// <summary>The same grain through another of its interfaces.</summary>
    public static TGrainInterface Cast<TGrainInterface>(this IAddressable grain) => grain.AsReference<TGrainInterface>();

    private static ArgumentException NotAGrain(IAddressable grain) => new(
        $"{grain?.GetType().FullName ?? "null"} is neither a grain nor a reference to one.", nameof(grain));
}
