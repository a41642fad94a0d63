using System.Reflection;
using Microsoft.Extensions.DependencyInjection;
using Orleans.Storage;

namespace OrleansIoT.EmbeddedSilo.Engine;

/// <summary>Makes the grains of a class. Parameters come from the container, apart from what belongs to the activation.</summary>
internal sealed class GrainConstructor
{
    private readonly ConstructorInvoker _constructor;
    private readonly Func<Activation, object?>[] _arguments;

    internal GrainConstructor(Type type, IServiceProvider services)
    {
        if (type.GetConstructors() is not [var constructor])
        {
            throw new InvalidOperationException($"The grain class {type} needs exactly one public constructor.");
        }

        _constructor = ConstructorInvoker.Create(constructor);
        _arguments = Array.ConvertAll(constructor.GetParameters(), parameter => ArgumentFor(parameter, services));
    }

    internal object Construct(Activation activation)
    {
        if (_arguments.Length == 0)
        {
            return _constructor.Invoke();
        }

        var arguments = new object?[_arguments.Length];
        for (var i = 0; i < arguments.Length; i++)
        {
            arguments[i] = _arguments[i](activation);
        }

        return _constructor.Invoke(arguments.AsSpan());
    }

    private static Func<Activation, object?> ArgumentFor(ParameterInfo parameter, IServiceProvider services)
    {
        var type = parameter.ParameterType;
        if (parameter.GetCustomAttribute<PersistentStateAttribute>() is { } stored)
        {
            return StateFor(type, stored, parameter);
        }

        if (type == typeof(IGrainContext))
        {
            return activation => activation;
        }

        if (parameter.GetCustomAttribute<FromKeyedServicesAttribute>() is { } keyed)
        {
            return _ => services.GetRequiredKeyedService(type, keyed.Key);
        }

        return parameter.HasDefaultValue
            ? _ => services.GetService(type) ?? parameter.DefaultValue
            : _ => services.GetRequiredService(type);
    }

    private static Func<Activation, object?> StateFor(Type type, PersistentStateAttribute stored, ParameterInfo parameter)
    {
        if (!type.IsGenericType || type.GetGenericTypeDefinition() != typeof(IPersistentState<>))
        {
            throw new InvalidOperationException(
                $"{parameter.Member.DeclaringType}: the parameter {parameter.Name} has [PersistentState] and is no IPersistentState<T>.");
        }

        return typeof(GrainConstructor)
            .GetMethod(nameof(StateOf), BindingFlags.NonPublic | BindingFlags.Static)!
            .MakeGenericMethod(type.GenericTypeArguments)
            .CreateDelegate<Func<PersistentStateAttribute, Func<Activation, object?>>>()(stored);
    }

    private static Func<Activation, object?> StateOf<TState>(PersistentStateAttribute stored) => activation =>
    {
        var name = stored.StorageName ?? "Default";
        var storage = activation.Silo.Services.GetKeyedService<IGrainStorage>(name)
            ?? throw new InvalidOperationException(
                $"{activation.Class.Type} keeps its state in the storage '{name}', and no IGrainStorage is registered under this key.");
        var state = new PersistentState<TState>(storage, stored.StateName, activation.GrainId);
        activation.Add(state);
        return state;
    };
}
