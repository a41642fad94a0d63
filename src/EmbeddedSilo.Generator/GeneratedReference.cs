using System.Collections.Immutable;

namespace OrleansIoT.EmbeddedSilo.Generator;

/// <summary>
/// What the generator made of one interface. It compares by value and holds no symbol, so that an edit elsewhere in the
/// project generates nothing anew.
/// </summary>
internal sealed class GeneratedReference(
    string name, string? source, string registration, ImmutableArray<Problem> problems) : IEquatable<GeneratedReference>
{
    public string Name { get; } = name;

    /// <summary>Null when there are problems.</summary>
    public string? Source { get; } = source;

    public string Registration { get; } = registration;

    public ImmutableArray<Problem> Problems { get; } = problems;

    public bool Equals(GeneratedReference? other) =>
        other is not null
        && other.Name == Name
        && other.Source == Source
        && other.Registration == Registration
        && other.Problems.SequenceEqual(Problems);

    public override bool Equals(object? obj) => Equals(obj as GeneratedReference);

    public override int GetHashCode() => Name.GetHashCode();
}
