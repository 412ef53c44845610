//! The source of a template with calls of the checks.

use std::fmt::Write;

use minijinja::machinery::ast::{BinOpKind, CallArg, CompareOpKind, Expr, Stmt, UnaryOpKind};
use minijinja::value::{Value, ValueKind};

use super::checks::{CALLED, COMPARED, FILLED, FILTERED, ITEM_OF, SEEN, TESTED, TEXT, UNPACKED};

/// The source; none if it has something that is not checked.
pub(super) fn template(statements: &[Stmt<'_>]) -> Option<String> {
    let mut out = String::new();
    body(&mut out, statements)?;
    Some(out)
}

fn body(out: &mut String, statements: &[Stmt<'_>]) -> Option<()> {
    statements.iter().try_for_each(|stmt| statement(out, stmt))
}

fn statement(out: &mut String, stmt: &Stmt<'_>) -> Option<()> {
    match stmt {
        Stmt::EmitRaw(raw) => out.push_str(&format!("{{{{ {} }}}}", quoted(raw.raw))),
        Stmt::EmitExpr(emit) => out.push_str(&format!("{{{{ {} }}}}", expression(&emit.expr)?)),
        Stmt::ForLoop(each) => {
            let filter = match &each.filter_expr {
                Some(filter) => format!(" if {}", expression(filter)?),
                None => String::new(),
            };
            let recursive = if each.recursive { " recursive" } else { "" };
            let (to, of) = (target(&each.target)?, assigned(&each.target, &each.iter)?);
            out.push_str(&format!("{{% for {to} in {of}{filter}{recursive} %}}"));
            body(out, &each.body)?;
            if !each.else_body.is_empty() {
                out.push_str("{% else %}");
                body(out, &each.else_body)?;
            }
            out.push_str("{% endfor %}");
        }
        Stmt::IfCond(cond) => {
            out.push_str(&format!("{{% if {} %}}", expression(&cond.expr)?));
            body(out, &cond.true_body)?;
            if !cond.false_body.is_empty() {
                out.push_str("{% else %}");
                body(out, &cond.false_body)?;
            }
            out.push_str("{% endif %}");
        }
        Stmt::WithBlock(with) => {
            let one = |(to, value): &(Expr<'_>, Expr<'_>)| {
                Some(format!("{} = {}", target(to)?, assigned(to, value)?))
            };
            let set: Vec<String> = with.assignments.iter().map(one).collect::<Option<_>>()?;
            out.push_str(&format!("{{% with {} %}}", set.join(", ")));
            body(out, &with.body)?;
            out.push_str("{% endwith %}");
        }
        Stmt::Set(set) => {
            out.push_str(&format!(
                "{{% set {} = {} %}}",
                target(&set.target)?,
                assigned(&set.target, &set.expr)?
            ));
        }
        Stmt::SetBlock(set) if set.filter.is_none() => {
            out.push_str(&format!("{{% set {} %}}", target(&set.target)?));
            body(out, &set.body)?;
            out.push_str("{% endset %}");
        }
        Stmt::Macro(function) => {
            let first = function.args.len().checked_sub(function.defaults.len())?;
            let parameter = |(i, arg): (usize, &Expr<'_>)| {
                let name = target(arg)?;
                match i.checked_sub(first).and_then(|i| function.defaults.get(i)) {
                    Some(default) => Some(format!("{name}={}", expression(default)?)),
                    None => Some(name),
                }
            };
            let parameters: Vec<String> =
                function.args.iter().enumerate().map(parameter).collect::<Option<_>>()?;
            out.push_str(&format!("{{% macro {}({}) %}}", function.name, parameters.join(", ")));
            body(out, &function.body)?;
            out.push_str("{% endmacro %}");
        }
        Stmt::Continue(_) => out.push_str("{% continue %}"),
        Stmt::Break(_) => out.push_str("{% break %}"),
        _ => return None,
    }
    Some(())
}

/// What is assigned to.
fn target(expr: &Expr<'_>) -> Option<String> {
    let names = |items: &[Expr<'_>]| Some(items.iter().map(target).collect::<Option<Vec<_>>>()?.join(", "));
    match expr {
        Expr::Var(var) => Some(var.id.to_string()),
        Expr::GetAttr(attr) => Some(format!("{}.{}", target(&attr.expr)?, attr.name)),
        Expr::List(list) => names(&list.items).map(|names| format!("({names})")),
        Expr::Tuple(tuple) => names(&tuple.items).map(|names| format!("({names})")),
        _ => None,
    }
}

/// The value that is assigned to a target.
fn assigned(to: &Expr<'_>, value: &Expr<'_>) -> Option<String> {
    let value = expression(value)?;
    Some(if matches!(to, Expr::List(_) | Expr::Tuple(_)) { format!("{UNPACKED}({value})") } else { value })
}

fn expression(expr: &Expr<'_>) -> Option<String> {
    Some(match expr {
        Expr::Var(var) => var.id.to_string(),
        Expr::Const(constant) => value(&constant.value)?,
        Expr::Slice(slice) => {
            let part = |expr: &Option<Expr<'_>>| match expr {
                Some(expr) => expression(expr).map(|part| format!("({part})")),
                None => Some(String::new()),
            };
            let (start, stop) = (part(&slice.start)?, part(&slice.stop)?);
            let step = if slice.step.is_some() { format!(":{}", part(&slice.step)?) } else { String::new() };
            let sliced = expression(&slice.expr)?;
            format!("{ITEM_OF}({sliced}, 0)[{start}:{stop}{step}]")
        }
        Expr::UnaryOp(unary) => {
            let operand = expression(&unary.expr)?;
            match unary.op {
                UnaryOpKind::Not => format!("(not ({operand}))"),
                UnaryOpKind::Neg => format!("(-({operand}))"),
            }
        }
        Expr::BinOp(binary) => match asks_whether_empty(binary.op, &binary.left, &binary.right) {
            Some(value) => {
                let (value, right) = (expression(value)?, expression(&binary.right)?);
                operation(binary.op, &format!("({FILLED}({value})|length)"), &right)
            }
            None => operation(binary.op, &expression(&binary.left)?, &expression(&binary.right)?),
        },
        Expr::Compare(compare) => {
            let [only] = compare.ops.as_slice() else { return None };
            let operator = match only.op {
                CompareOpKind::Eq => "==",
                CompareOpKind::Ne => "!=",
                CompareOpKind::Lt => "<",
                CompareOpKind::Lte => "<=",
                CompareOpKind::Gt => ">",
                CompareOpKind::Gte => ">=",
                CompareOpKind::In => "in",
                CompareOpKind::NotIn => "not in",
            };
            compared(operator, &expression(&compare.expr)?, &expression(&only.expr)?)
        }
        Expr::IfExpr(choice) => {
            let (test, yes) = (expression(&choice.test_expr)?, expression(&choice.true_expr)?);
            match &choice.false_expr {
                Some(no) => format!("(({yes}) if ({test}) else ({}))", expression(no)?),
                None => format!("(({yes}) if ({test}))"),
            }
        }
        Expr::Filter(filter) => {
            let (name, args) = (filter.name, arguments(&filter.args)?);
            let value = expression(filter.expr.as_ref()?)?;
            let checked = call(FILTERED, name, &value, &args);
            if args.is_empty() {
                format!("({checked}|{name})")
            } else {
                format!("({checked}|{name}({args}))")
            }
        }
        Expr::Test(test) => {
            let (name, args) = (test.name, arguments(&test.args)?);
            let checked = call(TESTED, name, &expression(&test.expr)?, &args);
            if args.is_empty() {
                format!("({checked} is {name})")
            } else {
                format!("({checked} is {name}({args}))")
            }
        }
        Expr::GetAttr(attr) => format!("({}).{}", expression(&attr.expr)?, attr.name),
        Expr::GetItem(item) => {
            let (of, key) = (expression(&item.expr)?, expression(&item.subscript_expr)?);
            format!("{ITEM_OF}({of}, {key})[{key}]")
        }
        Expr::Call(called) => {
            let args = arguments(&called.args)?;
            match &called.expr {
                Expr::Var(var) if var.id == "strftime_now" => format!("{}({SEEN}({args}))", var.id),
                Expr::Var(var) => format!("{}({args})", var.id),
                Expr::GetAttr(attr) => {
                    let checked = call(CALLED, attr.name, &expression(&attr.expr)?, &args);
                    format!("{checked}.{}({args})", attr.name)
                }
                _ => return None,
            }
        }
        Expr::List(list) => format!("[{}]", items(&list.items)?.join(", ")),
        Expr::Tuple(tuple) => {
            let comma = if tuple.items.len() == 1 { "," } else { "" };
            format!("({}{comma})", items(&tuple.items)?.join(", "))
        }
        Expr::Map(map) => {
            let (keys, values) = (items(&map.keys)?, items(&map.values)?);
            let pairs = keys.iter().zip(&values).map(|(key, value)| format!("{SEEN}({key}): {value}"));
            format!("{{{}}}", pairs.collect::<Vec<_>>().join(", "))
        }
    })
}

/// The value whose length is compared so that only being empty counts.
fn asks_whether_empty<'e, 's>(
    operator: BinOpKind,
    left: &'e Expr<'s>,
    right: &Expr<'s>,
) -> Option<&'e Expr<'s>> {
    let (Expr::Filter(filter), Expr::Const(number)) = (left, right) else { return None };
    let number = number.value.as_i64().filter(|_| number.value.is_integer())?;
    let counts = match operator {
        BinOpKind::Eq | BinOpKind::Ne | BinOpKind::Gt | BinOpKind::Lte => number == 0,
        BinOpKind::Gte | BinOpKind::Lt => number == 1,
        _ => false,
    };
    let is_length = ["length", "count"].contains(&filter.name) && filter.args.is_empty();
    filter.expr.as_ref().filter(|_| counts && is_length)
}

fn operation(operator: BinOpKind, left: &str, right: &str) -> String {
    let plain = |sign: &str| format!("({SEEN}({left}) {sign} {SEEN}({right}))");
    match operator {
        BinOpKind::Eq => compared("==", left, right),
        BinOpKind::Ne => compared("!=", left, right),
        BinOpKind::Lt => compared("<", left, right),
        BinOpKind::Lte => compared("<=", left, right),
        BinOpKind::Gt => compared(">", left, right),
        BinOpKind::Gte => compared(">=", left, right),
        BinOpKind::In => compared("in", left, right),
        BinOpKind::ScAnd => format!("(({left}) and ({right}))"),
        BinOpKind::ScOr => format!("(({left}) or ({right}))"),
        BinOpKind::Add => format!("(({left}) + ({right}))"),
        BinOpKind::Concat => format!("({TEXT}({left}) ~ {TEXT}({right}))"),
        BinOpKind::Sub => plain("-"),
        BinOpKind::Mul => plain("*"),
        BinOpKind::Div => plain("/"),
        BinOpKind::FloorDiv => plain("//"),
        BinOpKind::Rem => plain("%"),
        BinOpKind::Pow => plain("**"),
    }
}

fn compared(operator: &str, left: &str, right: &str) -> String {
    format!("{COMPARED}({}, {left}, {right})", quoted(operator))
}

/// The call of a check, with the arguments of what is checked.
fn call(check: &str, name: &str, value: &str, args: &str) -> String {
    let comma = if args.is_empty() { "" } else { ", " };
    format!("{check}({}, {value}{comma}{args})", quoted(name))
}

fn items(items: &[Expr<'_>]) -> Option<Vec<String>> {
    items.iter().map(expression).collect()
}

fn arguments(args: &[CallArg<'_>]) -> Option<String> {
    let argument = |arg: &CallArg<'_>| match arg {
        CallArg::Pos(value) => expression(value),
        CallArg::Kwarg(name, value) => Some(format!("{name}={}", expression(value)?)),
        CallArg::PosSplat(_) | CallArg::KwargSplat(_) => None,
    };
    Some(args.iter().map(argument).collect::<Option<Vec<_>>>()?.join(", "))
}

/// A constant.
fn value(constant: &Value) -> Option<String> {
    match constant.kind() {
        ValueKind::String => constant.as_str().map(quoted),
        ValueKind::None => Some("none".to_string()),
        ValueKind::Bool | ValueKind::Number => Some(format!("({constant})")),
        ValueKind::Seq if !constant.is_tuple() => {
            let items: Vec<String> =
                constant.try_iter().ok()?.map(|item| value(&item)).collect::<Option<_>>()?;
            Some(format!("[{}]", items.join(", ")))
        }
        ValueKind::Map => {
            let pair =
                |key: Value| Some(format!("{}: {}", value(&key)?, value(&constant.get_item(&key).ok()?)?));
            Some(format!(
                "{{{}}}",
                constant.try_iter().ok()?.map(pair).collect::<Option<Vec<_>>>()?.join(", ")
            ))
        }
        _ => None,
    }
}

/// A text as a literal.
fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            c if c < ' ' => {
                // Writing to a string cannot fail.
                let _ = write!(out, "\\u{:04x}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out.push('"');
    out
}
