using System.Reflection;

namespace OrleansIoT.Fixtures;

/// <summary>
/// A grain factory without an engine behind it, whose grains are objects of the test's. The two engines' factories have
/// different members; this knows the ones that the product uses.
/// </summary>
public class GrainsByHand : DispatchProxy
{
    private Func<Type, string, object> _grain = null!;
    private Action<IGrainObserver> _created = null!;
    private Action<IGrainObserver> _deleted = null!;

    /// <param name="grain">The grain of this interface and this key.</param>
    /// <param name="created">Told of each observer of which a reference is made; the reference is the observer itself.</param>
    /// <param name="deleted">Told of each observer whose reference is deleted.</param>
    public static IGrainFactory Factory(
        Func<Type, string, object> grain, Action<IGrainObserver>? created = null, Action<IGrainObserver>? deleted = null)
    {
        var factory = Create<IGrainFactory, GrainsByHand>();
        var proxy = (GrainsByHand)factory;
        proxy._grain = grain;
        proxy._created = created ?? Unexpected;
        proxy._deleted = deleted ?? Unexpected;
        return factory;
    }

    protected override object? Invoke(MethodInfo? targetMethod, object?[]? args)
    {
        switch (targetMethod!.Name, args)
        {
            case (nameof(IGrainFactory.GetGrain), [string key, null]):
                return _grain(targetMethod.ReturnType, key);
            case (nameof(IGrainFactory.CreateObjectReference), [IGrainObserver observer]):
                _created(observer);
                return observer;
            case (nameof(IGrainFactory.DeleteObjectReference), [IGrainObserver observer]):
                _deleted(observer);
                return null;
            default:
                throw new NotSupportedException(targetMethod.ToString());
        }
    }

    private static void Unexpected(IGrainObserver observer) =>
        throw new NotSupportedException($"Nobody expected a reference to {observer}.");
}
