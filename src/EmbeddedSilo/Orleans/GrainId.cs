namespace Orleans.Runtime;

/// <summary>The kind of a grain: by default the class name in lower case without its ending "Grain".</summary>
public readonly record struct GrainType(string Value)
{
    public static GrainType Create(string value) => new(value);

    public override string ToString() => Value;
}

/// <summary>A grain's key within its type.</summary>
public readonly record struct IdSpan(string Value)
{
    public static IdSpan Create(string id) => new(id);

    public override string ToString() => Value;
}

/// <summary>A grain's identity: its type and its key.</summary>
public readonly record struct GrainId(GrainType Type, IdSpan Key)
{
    public bool IsDefault => Type.Value is null;

    public static GrainId Create(string type, string key) => new(new GrainType(type), new IdSpan(key));

    public static GrainId Create(GrainType type, string key) => new(type, new IdSpan(key));

    /// <summary>Reads what <see cref="ToString"/> writes. A type has no slash, a key may have.</summary>
    /// <exception cref="FormatException">There is no slash, or nothing before it.</exception>
    public static GrainId Parse(string value)
    {
        var slash = value.IndexOf('/', StringComparison.Ordinal);
        return slash > 0
            ? Create(value[..slash], value[(slash + 1)..])
            : throw new FormatException("A grain id is {type}/{key}.");
    }

    public override string ToString() => $"{Type}/{Key}";
}
