using System.CodeDom.Compiler;
using System.Collections.Immutable;
using System.Reflection;
using OrleansIoT.Devices;
using OrleansIoT.Failures;

namespace OrleansIoT.Architecture.Tests;

/// <summary>What keeps the two engines equal: one copies arguments and the other does not, so nothing may be mutable.</summary>
public sealed class ContractTests
{
    private static readonly Assembly Contracts = typeof(IDeviceGrain).Assembly;

    private static readonly Type[] Plain =
    [
        typeof(string), typeof(bool), typeof(byte), typeof(int), typeof(uint), typeof(long), typeof(ushort), typeof(double), typeof(Guid),
        typeof(DateTimeOffset), typeof(TimeSpan), typeof(ReadOnlyMemory<byte>), typeof(CancellationToken), typeof(void),
    ];

    public static TheoryData<Type> GrainInterfaces => [.. Contracts.GetTypes().Where(type =>
        type.IsInterface && (typeof(IGrain).IsAssignableFrom(type) || typeof(IGrainObserver).IsAssignableFrom(type)))];

    public static TheoryData<Type> Messages => [.. Contracts.GetTypes().Where(type =>
        type.GetCustomAttribute<GenerateSerializerAttribute>() is not null)];

    [Theory]
    [MemberData(nameof(GrainInterfaces))]
    public void A_grain_interface_and_its_methods_have_names_on_the_wire(Type contract)
    {
        Assert.NotEmpty(contract.GetCustomAttributes<AliasAttribute>());
        Assert.All(contract.GetMethods(), method => Assert.NotEmpty(method.GetCustomAttributes<AliasAttribute>()));
    }

    [Theory]
    [MemberData(nameof(GrainInterfaces))]
    public void A_grain_interface_speaks_in_immutable_messages(Type contract)
    {
        foreach (var method in contract.GetMethods())
        {
            Assert.True(typeof(Task).IsAssignableFrom(method.ReturnType), $"{contract.Name}.{method.Name} returns a task.");
            foreach (var type in method.GetParameters().Select(parameter => parameter.ParameterType)
                         .Concat(method.ReturnType.GetGenericArguments()))
            {
                Assert.True(IsImmutable(type), $"{contract.Name}.{method.Name}: {type} is no immutable message.");
            }
        }
    }

    [Theory]
    [MemberData(nameof(Messages))]
    public void A_message_is_an_immutable_record_with_numbered_members(Type message)
    {
        Assert.NotEmpty(message.GetCustomAttributes<AliasAttribute>());
        if (message == typeof(FailureException))
        {
            return;
        }

        Assert.NotNull(message.GetCustomAttribute<ImmutableAttribute>());
        var members = message.GetProperties(BindingFlags.Public | BindingFlags.Instance)
            .Where(property => property.GetCustomAttribute<IdAttribute>() is not null || property.CanWrite).ToList();
        Assert.Equal(members.Count, members.Select(member => member.GetCustomAttribute<IdAttribute>()?.Id).Distinct().Count());
        foreach (var member in members)
        {
            Assert.NotNull(member.GetCustomAttribute<IdAttribute>());
            Assert.True(IsImmutable(member.PropertyType), $"{message.Name}.{member.Name}: {member.PropertyType} is mutable.");
            Assert.True(
                member.SetMethod is null
                || member.SetMethod.ReturnParameter.GetRequiredCustomModifiers().Any(type => type.Name == "IsExternalInit"),
                $"{message.Name}.{member.Name} can be set after it was made.");
        }
    }

    [Fact]
    public void No_two_things_have_one_name_on_the_wire()
    {
        // Orleans' generator gives all its references one name.
        var ours = Contracts.GetTypes().Where(type => type.GetCustomAttribute<GeneratedCodeAttribute>() is null);
        var aliases = ours.SelectMany(type => type.GetCustomAttributes<AliasAttribute>()).Select(a => a.Alias).ToList();
        Assert.Equal(aliases.Distinct().Order(), aliases.Order());
    }

    [Fact]
    public void Grain_contracts_are_in_the_contracts_and_nowhere_else()
    {
        foreach (var assembly in Checkout.Assemblies.Where(assembly => assembly != Contracts))
        {
            Assert.DoesNotContain(assembly.GetTypes(), type => type.IsInterface && typeof(IGrain).IsAssignableFrom(type) && type.Assembly != typeof(IGrain).Assembly);
        }
    }

    private static bool IsImmutable(Type type) =>
        Nullable.GetUnderlyingType(type) is { } underlying ? IsImmutable(underlying)
        : type.IsGenericType && type.GetGenericTypeDefinition() == typeof(ImmutableArray<>) ? IsImmutable(type.GetGenericArguments()[0])
        : type.IsEnum
          || Plain.Contains(type)
          || typeof(IGrainObserver).IsAssignableFrom(type)
          || type.GetCustomAttribute<ImmutableAttribute>() is not null;
}
