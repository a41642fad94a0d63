namespace Orleans
{
    /// <summary>A grain, as its callers see it. Its methods return a task and take immutable arguments.</summary>
    public interface IGrain : IAddressable;

    /// <summary>A grain that is known by a string.</summary>
    public interface IGrainWithStringKey : IGrain;

    /// <summary>An object that is not a grain and that grains can call, see <see cref="IGrainFactory.CreateObjectReference{T}"/>.</summary>
    public interface IGrainObserver : IAddressable;
}

namespace Orleans.Runtime
{
    /// <summary>What can be called through a reference: grains and observers.</summary>
    public interface IAddressable;
}
