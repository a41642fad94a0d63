namespace Orleans
{
    public interface IGrain;
    public interface IGrainWithStringKey : IGrain;
    public interface IGrainObserver;

    [AttributeUsage(AttributeTargets.All)]
    public sealed class GenerateSerializerAttribute : Attribute;

    [AttributeUsage(AttributeTargets.All)]
    public sealed class ImmutableAttribute : Attribute;

    [AttributeUsage(AttributeTargets.All)]
    public sealed class IdAttribute(uint id) : Attribute { public uint Id { get; } = id; }

    [AttributeUsage(AttributeTargets.All)]
    public sealed class AliasAttribute(string alias) : Attribute { public string Alias { get; } = alias; }

    [AttributeUsage(AttributeTargets.Method)]
    public sealed class ResponseTimeoutAttribute(string timeout) : Attribute { public TimeSpan Timeout { get; } = TimeSpan.Parse(timeout); }

    public interface IGrainFactory
    {
        TGrainInterface GetGrain<TGrainInterface>(string primaryKey, string? grainClassNamePrefix = null) where TGrainInterface : IGrainWithStringKey;
        TGrainObserverInterface CreateObjectReference<TGrainObserverInterface>(IGrainObserver obj) where TGrainObserverInterface : IGrainObserver;
        void DeleteObjectReference<TGrainObserverInterface>(IGrainObserver obj) where TGrainObserverInterface : IGrainObserver;
    }
}

namespace Orleans.Concurrency
{
    [AttributeUsage(AttributeTargets.Method)]
    public sealed class AlwaysInterleaveAttribute : Attribute;

    [AttributeUsage(AttributeTargets.Method)]
    public sealed class ReadOnlyAttribute : Attribute;

    [AttributeUsage(AttributeTargets.Method)]
    public sealed class OneWayAttribute : Attribute;
}

namespace Orleans.Runtime
{
    public static class RequestContext
    {
        private static readonly AsyncLocal<System.Collections.Immutable.ImmutableDictionary<string, object>?> Values = new();

        public static object? Get(string key) => Values.Value?.GetValueOrDefault(key);
        public static void Set(string key, object value) => Values.Value = (Values.Value ?? System.Collections.Immutable.ImmutableDictionary<string, object>.Empty).SetItem(key, value);
        public static bool Remove(string key) => throw new NotSupportedException();
        public static void Clear() => Values.Value = null;
    }
}
