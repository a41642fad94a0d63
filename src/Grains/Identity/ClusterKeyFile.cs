using System.Security.Cryptography;
using OrleansIoT.Certificates;

namespace OrleansIoT.Grains.Identity;

/// <summary>The file with the cluster's keys, as <see cref="ClusterKeys"/> reads it; made and renewed by a command.</summary>
public static class ClusterKeyFile
{
    /// <summary>From its making until a new key seals; by then every process has read it.</summary>
    public static readonly TimeSpan Notice = TimeSpan.FromMinutes(1);

    /// <summary>
    /// Adds a key that seals from a minute on, or makes the file with a first key that seals at once. Keys whose successor
    /// has sealed for longer than an envelope lives are left out.
    /// </summary>
    /// <returns>What was done, as a line for the person who asked for it.</returns>
    /// <exception cref="InvalidDataException">There is a file, and it is no key file.</exception>
    public static string Rotate(string path, TimeProvider clock)
    {
        var now = clock.GetUtcNow();
        var known = File.Exists(path) ? Read(path) : [];
        var needed = known.Where(key => !known.Any(next => next.From > key.From && next.From + ClusterKeys.Lifetime + ClusterKeys.ClockSkew < now)).ToList();
        var key = new ClusterKey(
            Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(4)),
            known.Count == 0 ? now : now + Notice,
            RandomNumberGenerator.GetBytes(ClusterKey.MinBytes));
        PrivateFile.Write(path, string.Concat(needed.Append(key).Select(k => k.ToLine() + "\n")));
        return known.Count == 0
            ? $"The key {key.Id} was made in {path}. Every process of the cluster gets a copy of the file."
            : $"The key {key.Id} seals from {key.From.UtcDateTime:u} on; of the keys before, {needed.Count} stay. Until then every process of the cluster needs the file.";
    }

    private static IReadOnlyList<ClusterKey> Read(string path)
    {
        try
        {
            return ClusterKey.ReadAll(File.ReadAllText(path));
        }
        catch (FormatException e)
        {
            throw new InvalidDataException($"The key file '{path}' cannot be used: {e.Message}.", e);
        }
    }
}
