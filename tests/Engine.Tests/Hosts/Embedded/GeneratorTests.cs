using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using OrleansIoT.EmbeddedSilo.Generator;

namespace OrleansIoT.Engine.Tests.Hosts.Embedded;

/// <summary>What the generator makes of grain interfaces, and what it refuses.</summary>
public sealed class GeneratorTests
{
    private static readonly CSharpParseOptions Options = new(LanguageVersion.Latest);

    [Fact]
    public void Generated_code_compiles_without_warnings_and_without_implicit_usings()
    {
        var (output, problems) = Generate(
            """
            #nullable enable
            using System.Collections.Generic;
            using System.Threading;
            using System.Threading.Tasks;
            using Orleans;
            using Orleans.Concurrency;

            namespace Some.Where_Else
            {
                public interface IBase : IGrain { Task<string?> Find(string? @class, Dictionary<string, List<int?>>? map); }
                public partial interface IThing : IGrainWithStringKey, IBase
                {
                    [ReadOnly] Task @event(int a, long b, CancellationToken base_, string c = "x");
                    [AlwaysInterleave, ResponseTimeout("00:00:05")] ValueTask<(int A, string? B)[]> Tuples(params int?[] values);
                    [OneWay] Task Forget();
                    ValueTask Nothing();
                    Task<IThing> Call(IThing equals);
                    Task<int> Call(int a);
                    public const int Constant = 1;
                }
                internal interface IWatcher : IGrainObserver { void Note(int number); Task<bool> Ask(); }
                public static class Outer { public interface IInner : IGrainWithStringKey { Task M(); } }
            }
            interface IGlobal : Orleans.IGrainWithStringKey { System.Threading.Tasks.Task M(); }
            """);

        Assert.Empty(problems);
        Assert.Empty(output.GetDiagnostics().Where(diagnostic => diagnostic.Severity >= DiagnosticSeverity.Warning));
    }

    [Theory]
    [InlineData("SILO001", "int Get();")]
    [InlineData("SILO001", "System.Collections.Generic.IAsyncEnumerable<int> Stream();")]
    [InlineData("SILO002", "System.Threading.Tasks.Task Get<T>();")]
    [InlineData("SILO003", "System.Threading.Tasks.Task Get(ref int a);")]
    [InlineData("SILO003", "System.Threading.Tasks.Task Get(out int a);")]
    [InlineData("SILO003", "System.Threading.Tasks.Task Get(in int a);")]
    [InlineData("SILO003", "System.Threading.Tasks.Task Get(System.ReadOnlySpan<byte> a);")]
    [InlineData("SILO004", "int Property { get; }")]
    [InlineData("SILO004", "event System.Action Event;")]
    [InlineData("SILO004", "static abstract System.Threading.Tasks.Task Get();")]
    [InlineData("SILO007", "System.Threading.Tasks.Task Get(System.Threading.CancellationToken a, System.Threading.CancellationToken b);")]
    public void A_member_that_cannot_be_called_from_afar_is_an_error(string id, string member)
    {
        var (_, problems) = Generate($"public interface IThing : Orleans.IGrainWithStringKey {{ {member} }}");

        var problem = Assert.Single(problems);
        Assert.Equal((id, DiagnosticSeverity.Error), (problem.Id, problem.Severity));
        Assert.True(problem.Location.GetLineSpan().IsValid);
    }

    [Theory]
    [InlineData("SILO005", "public interface IThing<T> : Orleans.IGrainWithStringKey { }")]
    [InlineData("SILO005", "public class Outer<T> { public interface IThing : Orleans.IGrainWithStringKey { } }")]
    [InlineData("SILO006", "public class Outer { private interface IThing : Orleans.IGrainWithStringKey { } }")]
    [InlineData("SILO006", "file interface IThing : Orleans.IGrainWithStringKey { }")]
    public void An_interface_that_cannot_have_a_reference_is_an_error(string id, string source) =>
        Assert.Equal(id, Assert.Single(Generate(source).Problems).Id);

    [Fact]
    public void Other_interfaces_are_none_of_its_business()
    {
        var (output, problems) = Generate("public interface IThing : System.IDisposable { int Property { get; } }");

        Assert.Empty(problems);
        Assert.Single(output.SyntaxTrees);
    }

    [Fact]
    public void An_edit_elsewhere_generates_nothing_anew()
    {
        var compilation = Compilation("public interface IThing : Orleans.IGrainWithStringKey { System.Threading.Tasks.Task M(); }");
        GeneratorDriver driver = CSharpGeneratorDriver.Create(
            [new GrainReferenceGenerator().AsSourceGenerator()],
            parseOptions: Options,
            driverOptions: new GeneratorDriverOptions(default, trackIncrementalGeneratorSteps: true));
        driver = driver.RunGenerators(compilation);

        driver = driver.RunGenerators(compilation.AddSyntaxTrees(CSharpSyntaxTree.ParseText("class Elsewhere;", Options)));

        var steps = driver.GetRunResult().Results.Single().TrackedSteps["References"];
        Assert.All(
            steps.SelectMany(step => step.Outputs),
            output => Assert.True(output.Reason is IncrementalStepRunReason.Cached or IncrementalStepRunReason.Unchanged));
    }

    private static (Compilation Output, IReadOnlyList<Diagnostic> Problems) Generate(string source)
    {
        CSharpGeneratorDriver
            .Create([new GrainReferenceGenerator().AsSourceGenerator()], parseOptions: Options)
            .RunGeneratorsAndUpdateCompilation(Compilation(source), out var output, out var problems);
        return (output, problems);
    }

    private static CSharpCompilation Compilation(string source)
    {
        var platform = ((string)AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES")!).Split(Path.PathSeparator);
        return CSharpCompilation.Create(
            "Grains",
            [CSharpSyntaxTree.ParseText(source, Options)],
            platform.Select(path => MetadataReference.CreateFromFile(path)),
            new CSharpCompilationOptions(OutputKind.DynamicallyLinkedLibrary, nullableContextOptions: NullableContextOptions.Enable));
    }
}
