using System.Collections.Concurrent;
using System.Reflection;
using Orleans.Concurrency;

namespace OrleansIoT.EmbeddedSilo.Engine;

/// <summary>A grain class in one silo: what its attributes say, how it is made, and the directory of its activations.</summary>
internal sealed class GrainClass
{
    private readonly ConcurrentDictionary<string, Activation> _activations = new();
    private readonly ConcurrentDictionary<string, Workers>? _workers;
    private readonly ConcurrentDictionary<(Type, GrainMethod), MethodInfo> _implementations = new();
    private readonly GrainConstructor? _constructor;

    internal GrainClass(Silo silo, Type type)
    {
        Silo = silo;
        Type = type;
        GrainType = type.GetCustomAttribute<GrainTypeAttribute>()?.Value ?? TypeOf(type);
        IsReentrant = type.IsDefined(typeof(ReentrantAttribute), inherit: true);
        IsFilter = type.IsAssignableTo(typeof(IIncomingGrainCallFilter));
        HasOnActivate = Overrides(type, nameof(IGrainBase.OnActivateAsync));
        HasOnDeactivate = Overrides(type, nameof(IGrainBase.OnDeactivateAsync));
        CollectionAgeSeconds = AgeOf(type, silo.Options.CollectionAge);
        if (type.GetCustomAttribute<StatelessWorkerAttribute>() is { } stateless)
        {
            MaxWorkers = stateless.MaxLocalWorkers > 0 ? stateless.MaxLocalWorkers : silo.Options.MaxStatelessWorkers;
            _workers = new();
        }

        _constructor = new GrainConstructor(type, silo.Services);
    }

    private GrainClass(Silo silo)
    {
        Silo = silo;
        Type = typeof(IGrainObserver);
        GrainType = GrainType.Create("sys.client");
        IsObserver = true;
        CollectionAgeSeconds = int.MaxValue;
    }

    internal Silo Silo { get; }

    internal Type Type { get; }

    internal GrainType GrainType { get; }

    internal bool IsObserver { get; }

    internal bool IsReentrant { get; }

    internal bool IsFilter { get; }

    internal bool HasOnActivate { get; }

    internal bool HasOnDeactivate { get; }

    internal int CollectionAgeSeconds { get; }

    internal int MaxWorkers { get; }

    internal IEnumerable<Activation> Activations => _workers is null
        ? _activations.Select(entry => entry.Value)
        : _workers.SelectMany(entry => entry.Value.Activations);

    /// <summary>The class that stands for everything which is called and is no grain.</summary>
    internal static GrainClass ForObservers(Silo silo) => new(silo);

    internal GrainId IdOf(string key) => GrainId.Create(GrainType, key);

    internal object Construct(Activation activation) => _constructor!.Construct(activation);

    internal GrainClass Implementing<TGrainInterface>() => IsObserver || Type.IsAssignableTo(typeof(TGrainInterface))
        ? this
        : throw new ArgumentException($"The grain class {Type} does not implement {typeof(TGrainInterface)}.");

    internal MethodInfo ImplementationOf(GrainMethod method, Activation target)
    {
        var type = target.GrainInstance?.GetType() ?? Type;
        return _implementations.GetOrAdd((type, method), static entry =>
        {
            var (type, method) = entry;
            if (!method.InterfaceType.IsAssignableFrom(type))
            {
                return method.Info;
            }

            var map = type.GetInterfaceMap(method.InterfaceType);
            var index = Array.IndexOf(map.InterfaceMethods, method.Info);
            return index < 0 ? method.Info : map.TargetMethods[index];
        });
    }

    /// <summary>Hands the request to the key's activation, which is made if there is none.</summary>
    /// <returns>The activation that takes further requests of this key, or null when each has to ask again.</returns>
    internal Activation? Deliver(string key, Request request)
    {
        if (IsObserver)
        {
            request.Fail(new OrleansException($"{request.Method}: the observer reference was deleted."));
            return null;
        }

        if (_workers is not null)
        {
            _workers.GetOrAdd(key, static (key, self) => new Workers(self, key), this).Deliver(request);
            return null;
        }

        var spin = new SpinWait();
        while (true)
        {
            if (!_activations.TryGetValue(key, out var activation))
            {
                activation = _activations.GetOrAdd(key, static (key, self) => new Activation(self, key), this);
            }

            if (activation.TryEnqueue(request))
            {
                return activation;
            }

            spin.SpinOnce(); // it is closing, and its successor is a few instructions away
        }
    }

    /// <summary>The activation has ended. What it had not begun waits in its successor before that one can be found.</summary>
    internal void Replace(Activation activation, Request? heirs)
    {
        if (heirs is null)
        {
            Remove(activation);
        }
        else if (Silo.IsStopped)
        {
            Remove(activation);
            for (var request = heirs; request is not null; request = (Request?)request.Next)
            {
                request.Fail(Silo.Unavailable());
            }
        }
        else if (_workers is not null)
        {
            Remove(activation);
            while (heirs is not null)
            {
                var next = (Request?)heirs.Next;
                heirs.Next = null;
                Deliver(activation.Key, heirs);
                heirs = next;
            }
        }
        else
        {
            var successor = new Activation(this, activation.Key);
            for (var request = heirs; request is not null; request = (Request?)request.Next)
            {
                request.Target = successor;
            }

            successor.Inherit(heirs);
            _activations[activation.Key] = successor;
            Silo.Sweeper.List(successor);
            successor.Schedule();
        }
    }

    internal void Remove(Activation activation)
    {
        if (_workers is null)
        {
            _activations.TryRemove(KeyValuePair.Create(activation.Key, activation));
        }
        else if (_workers.TryGetValue(activation.Key, out var workers))
        {
            workers.Remove(activation);
        }
    }

    /// <summary>As Orleans does it: the class name in lower case, without its ending.</summary>
    private static GrainType TypeOf(Type type)
    {
        const string ending = "grain";
        var name = type.Name.ToLowerInvariant();
        return GrainType.Create(name.EndsWith(ending, StringComparison.Ordinal) && name.Length > ending.Length
            ? name[..^ending.Length]
            : name);
    }

    private static bool Overrides(Type type, string name)
    {
        if (!type.IsAssignableTo(typeof(IGrainBase)))
        {
            return false;
        }

        var map = type.GetInterfaceMap(typeof(IGrainBase));
        var index = Array.FindIndex(map.InterfaceMethods, method => method.Name == name);
        var declaring = map.TargetMethods[index].DeclaringType;
        return declaring != typeof(Grain) && declaring != typeof(IGrainBase);
    }

    private static int AgeOf(Type type, TimeSpan defaultAge)
    {
        if (type.IsDefined(typeof(KeepAliveAttribute), inherit: true))
        {
            return int.MaxValue;
        }

        var age = type.GetCustomAttribute<CollectionAgeLimitAttribute>()?.AgeLimit ?? defaultAge;
        return age.TotalSeconds >= int.MaxValue ? int.MaxValue : (int)Math.Ceiling(age.TotalSeconds);
    }
}
