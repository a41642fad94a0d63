namespace OrleansIoT.Silo;

public static class ExitCodes
{
    public const int Success = 0;

    /// <summary>
    /// A port in use, a data directory that cannot be written, a database of a newer version, a backup that did not come about, a process that is not healthy.
    /// </summary>
    public const int CannotStart = 1;

    /// <summary>An unknown option or a senseless value.</summary>
    public const int Usage = 2;
}
