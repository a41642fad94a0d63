using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Text;

namespace OrleansIoT.EmbeddedSilo.Generator;

/// <summary>What is wrong with a grain interface, and where.</summary>
internal sealed class Problem : IEquatable<Problem>
{
    public static readonly DiagnosticDescriptor ReturnType = Rule(
        "SILO001", "A grain method returns a task", "'{0}' returns '{1}'; a grain method returns Task, Task<T>, ValueTask, ValueTask<T> or void");

    public static readonly DiagnosticDescriptor GenericMethod = Rule(
        "SILO002", "A grain method is not generic", "'{0}' is generic; the embedded silo has no generic grain methods");

    public static readonly DiagnosticDescriptor ByReference = Rule(
        "SILO003", "A grain method takes its arguments by value", "The parameter '{1}' of '{0}' is ref, out, in or a by-ref-like type; a grain gets values only");

    public static readonly DiagnosticDescriptor NotAMethod = Rule(
        "SILO004", "A grain interface has methods only", "'{0}' is no instance method; a grain interface has nothing else");

    public static readonly DiagnosticDescriptor GenericInterface = Rule(
        "SILO005", "A grain interface is not generic", "'{0}' is generic or within a generic type; the embedded silo has no generic grain interfaces");

    public static readonly DiagnosticDescriptor Inaccessible = Rule(
        "SILO006", "A grain interface is public or internal", "'{0}' is private, protected or local to its file, so its reference cannot be generated");

    public static readonly DiagnosticDescriptor SeveralTokens = Rule(
        "SILO007", "A grain method has one cancellation token", "'{0}' has several parameters of type CancellationToken");

    private readonly DiagnosticDescriptor _rule;
    private readonly string _subject;
    private readonly string _detail;
    private readonly string _path;
    private readonly TextSpan _span;
    private readonly LinePositionSpan _lines;

    public Problem(DiagnosticDescriptor rule, ISymbol subject, ISymbol place, string detail = "")
    {
        _rule = rule;
        _subject = subject.ToDisplayString(SymbolDisplayFormat.CSharpShortErrorMessageFormat);
        _detail = detail;
        var location = place.Locations[0];
        _path = location.SourceTree?.FilePath ?? "";
        _span = location.SourceSpan;
        _lines = location.GetLineSpan().Span;
    }

    public Diagnostic ToDiagnostic() =>
        Diagnostic.Create(_rule, Location.Create(_path, _span, _lines), _subject, _detail);

    public bool Equals(Problem? other) =>
        other is not null
        && other._rule.Id == _rule.Id
        && other._subject == _subject
        && other._detail == _detail
        && other._path == _path
        && other._span == _span;

    public override bool Equals(object? obj) => Equals(obj as Problem);

    public override int GetHashCode() => _subject.GetHashCode();

    private static DiagnosticDescriptor Rule(string id, string title, string message) =>
        new(id, title, message, "EmbeddedSilo", DiagnosticSeverity.Error, isEnabledByDefault: true);
}
