namespace OrleansIoT.History.Sqlite.Chunks;

/// <summary>The place of a reading in its topic, as <see cref="Telemetry.TelemetryPosition"/> in ticks.</summary>
internal readonly record struct Place(long At, long Seq) : IComparable<Place>
{
    public int CompareTo(Place other) => At != other.At ? At.CompareTo(other.At) : Seq.CompareTo(other.Seq);

    public static bool operator <(Place left, Place right) => left.CompareTo(right) < 0;

    public static bool operator >(Place left, Place right) => left.CompareTo(right) > 0;

    public static bool operator <=(Place left, Place right) => left.CompareTo(right) <= 0;

    public static bool operator >=(Place left, Place right) => left.CompareTo(right) >= 0;
}
