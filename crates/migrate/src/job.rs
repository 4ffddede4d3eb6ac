//! A job: segments beside each other, items beside each other in each, and progress kept after every page.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use aws_sdk_dynamodb::Client;
use dynaseal_core::{Item, item_size, json};
use futures_util::StreamExt as _;
use futures_util::stream;
use tokio::task::JoinSet;

use crate::database::{Fault, fault, said};
use crate::form::Form;
use crate::options::Options;
use crate::pace::Pace;
use crate::problem::{MigrateError, Problem};
use crate::progress::{Kept, Progress, broken};
use crate::report::{Counts, Observer, Refused, Report, Wait};
use crate::scan::{Page, Segment, write_units};
use crate::source::Source;
use crate::target::{Reformed, Target};
use crate::write::{Stop, Writer, Written, is_written};

/// A table, what its items may be, and what they shall be.
#[derive(Clone, Debug)]
pub struct Migration {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    client: Client,
    table: String,
    source: Source,
    target: Target,
    options: Options,
    reads: Pace,
    writes: Pace,
    /// For how many items in a row the key service failed, over all segments.
    failures: AtomicU32,
}

/// How many refused items a segment remembers, and how many bytes of them: progress has to fit into an item.
const MOST_REMEMBERED: usize = 1000;
const MOST_BYTES_REMEMBERED: usize = 100 * 1024;

/// How often an item is tried that others change at the same time.
const MOST_ATTEMPTS: u32 = 100;

/// After so many items in a row for which the key service failed, the job ends: the others would only be refused one by one.
const MOST_SERVICE_FAILURES: u32 = 25;

/// How many items of each form are looked at before anything is written.
const LOOKED_AT: usize = 25;

impl Migration {
    /// Nothing is sent yet. `client` must be one without an interceptor of sealed tables: items are read and written as
    /// they are stored.
    pub fn new(client: Client, table: impl Into<String>, source: Source, target: Target, options: Options) -> Self {
        let (reads, writes) = (Pace::new(options.read_units), Pace::new(options.write_units));
        let table = table.into();
        let failures = AtomicU32::new(0);
        Self { inner: Arc::new(Inner { client, table, source, target, options, reads, writes, failures }) }
    }

    /// Goes through the table and writes nothing: what would be done, and what it would take.
    ///
    /// # Errors
    /// If the table can not be read, or no item that should be opened opens.
    pub async fn plan(&self, observer: &Arc<dyn Observer>) -> Result<Report, MigrateError> {
        self.inner.target.check(&self.inner.source)?;
        self.look(&**observer).await?;
        self.segments(observer, None).await
    }

    /// Does it. May be run again, and while others write the table.
    ///
    /// # Errors
    /// If the keys do not fit, which is found before anything is written, or the table or the checkpoint can not be read
    /// or written. An item that can not be opened, sealed or written does not stop the others: it is in the report.
    pub async fn run(&self, observer: &Arc<dyn Observer>) -> Result<Report, MigrateError> {
        self.inner.target.check(&self.inner.source)?;
        let kept = self.begin().await?;
        let is_current = self.look(&**observer).await?;
        let report = self.segments(observer, Some(kept)).await?;
        if report.was_done && report.counts.refused == 0 && !is_current {
            return Err(MigrateError::Job(
                "the checkpoint says that all is done, and the table has items that are not up to date: they were written since, or it is another table. Begin anew with another checkpoint, and look for who writes such items".to_owned(),
            ));
        }
        Ok(report)
    }

    /// Whether the checkpoint is of this job, and of these keys.
    async fn begin(&self) -> Result<Kept, MigrateError> {
        let Inner { table, source, target, options, .. } = &*self.inner;
        let (total, from, to) = (options.shard.total(), source.description(), target.description());
        let anew = if options.reseals { ", all anew" } else { "" };
        let identity = if options.checkpoint.keeps() { self.identity().await? } else { String::new() };
        let job = format!("table {table}{identity}, {total} segments, from {from}, to {to}{anew}");
        let kept = Kept::begin(&options.checkpoint, job).await?;
        if options.checkpoint.keeps() {
            target.check_keys(&kept).await?;
        }
        Ok(kept)
    }

    /// Which table of this name it is, as far as DynamoDB tells: one of another account, or one that was made anew, is not done.
    /// Nothing where nobody may ask. A failure that passes is an error: without an answer, the job would look like another one.
    async fn identity(&self) -> Result<String, MigrateError> {
        let Inner { client, table, .. } = &*self.inner;
        let described = match client.describe_table().table_name(table).send().await {
            Ok(answer) => answer.table,
            Err(error) if matches!(fault(&error), Fault::Throttled | Fault::Passing) => {
                let (table, said) = (table.clone(), said(&error));
                return Err(MigrateError::Database { operation: "DescribeTable", table, said });
            }
            Err(_) => None,
        };
        let Some(described) = described else { return Ok(String::new()) };
        let made = described.creation_date_time.map(|time| format!(" made {:.3}", time.as_secs_f64()));
        let parts = [described.table_arn, described.table_id].into_iter().flatten().map(|part| format!(" {part}"));
        Ok(parts.chain(made).collect())
    }

    /// Tries the first items of a segment without writing: if nothing opens that needs keys, the keys are wrong. Gives whether
    /// all of them are up to date.
    async fn look(&self, observer: &dyn Observer) -> Result<bool, MigrateError> {
        let Inner { source, target, options, .. } = &*self.inner;
        let mut page = None;
        for index in self.inner.options.shard.own() {
            let told = |wait: &Wait| observer.waits(wait);
            let first = self.segment(index).page(None, &self.inner.reads, &told).await?;
            // A segment may be empty.
            let found = !first.items.is_empty();
            page = Some(first);
            if found {
                break;
            }
        }
        let Some(page) = page else { return Ok(true) };
        let (mut done, mut first, mut is_current) = (0_usize, None, true);
        // Of each form: one record behind many plain items says more about the keys than they do.
        let mut seen = std::collections::BTreeMap::<Form, usize>::new();
        let looked_at = page.items.iter().filter(|item| {
            let of_form = seen.entry(source.form(item, target.encryptor())).or_default();
            *of_form += 1;
            *of_form <= LOOKED_AT
        });
        for stored in looked_at {
            let tried = match target.reform(source, stored, options.reseals).await {
                Ok(Reformed { item: Some(new), .. }) => {
                    is_current = false;
                    target.prove(source, stored, &new).await
                }
                Ok(Reformed { item: None, .. }) => Ok(()),
                Err(problem) => Err(problem),
            };
            match tried {
                Ok(()) => done += 1,
                Err(Problem::NotTheSame) => {
                    let what = format!("the item {}", json::to_string(&target.key_of(stored)));
                    return Err(MigrateError::Keys { what, source: Box::new(Problem::NotTheSame) });
                }
                Err(problem) if problem.is_about_keys() && first.is_none() => {
                    first = Some((json::to_string(&target.key_of(stored)), problem));
                }
                Err(_) => {}
            }
        }
        match first {
            Some((key, problem)) if self.inner.options.checks_keys && self.all_fail(&page).await => {
                Err(MigrateError::Keys {
                    what: format!(
                        "of the first items, none opens that needs a key ({done} need none); the first of them is {key}"
                    ),
                    source: Box::new(problem),
                })
            }
            _ => Ok(is_current || options.reseals),
        }
    }

    /// Whether all items that need keys fail for their keys, by form: one good record says nothing about older items.
    async fn all_fail(&self, page: &Page) -> bool {
        let Inner { source, target, .. } = &*self.inner;
        for form in [Form::Record, Form::OlderClient, Form::Attributes] {
            let mut of_form = page.items.iter().filter(|item| source.form(item, target.encryptor()) == form);
            let (mut tried, mut failed) = (0, 0);
            for stored in of_form.by_ref().take(LOOKED_AT) {
                tried += 1;
                if self.fails_for_keys(stored).await {
                    failed += 1;
                }
            }
            if tried > 0 && failed == tried {
                return true;
            }
        }
        // Plain items fail for their keys if they can not be sealed.
        let mut plain = page.items.iter().filter(|item| source.form(item, target.encryptor()) == Form::Plain);
        let mut tried = 0;
        for stored in plain.by_ref().take(LOOKED_AT) {
            tried += 1;
            if !self.fails_for_keys(stored).await {
                return false;
            }
        }
        tried > 0
    }

    async fn fails_for_keys(&self, stored: &Item) -> bool {
        let Inner { source, target, options, .. } = &*self.inner;
        target.reform(source, stored, options.reseals).await.is_err_and(|problem| problem.is_about_keys())
    }

    fn segment(&self, index: u32) -> Segment<'_> {
        let Inner { client, table, options, .. } = &*self.inner;
        Segment {
            client,
            table,
            index,
            total: options.shard.total(),
            page_size: Some(options.page_size),
            consistent: false,
        }
    }

    /// Without a checkpoint to keep it in, it is a plan, and nothing is written.
    async fn segments(&self, observer: &Arc<dyn Observer>, kept: Option<Kept>) -> Result<Report, MigrateError> {
        let mut report = Report { was_done: kept.is_some(), ..Report::default() };
        let mut running = JoinSet::new();
        for index in self.inner.options.shard.own() {
            let (migration, observer, kept) = (self.clone(), Arc::clone(observer), kept.clone());
            running.spawn(async move { migration.run_segment(index, &*observer, kept.as_ref()).await });
        }
        while let Some(segment) = running.join_next().await {
            let (progress, was_done) = match segment.unwrap_or(Err(MigrateError::Lost)) {
                Ok(done) => done,
                Err(error) => {
                    // The others end between two requests, before anybody begins again; the checkpoint knows how far
                    // each was.
                    running.shutdown().await;
                    return Err(error);
                }
            };
            report.counts.add(&progress.counts);
            report.refused.extend(progress.refused);
            report.was_done &= was_done;
        }
        Ok(report)
    }

    /// Goes through a segment from where the checkpoint says, and gives whether nothing was left.
    async fn run_segment(
        &self,
        index: u32,
        observer: &dyn Observer,
        kept: Option<&Kept>,
    ) -> Result<(Progress, bool), MigrateError> {
        let mut progress = match kept {
            Some(kept) => kept.load(index).await?,
            None => Progress::default(),
        };
        observer.progress(&progress.counts);
        if progress.done {
            return Ok((progress, true));
        }
        let start = progress.next.as_deref().map(json::from_str).transpose();
        let mut start: Option<Item> = start.map_err(|error| broken(&format!("segment {index}"), error))?;
        let told = |wait: &Wait| observer.waits(wait);
        loop {
            let page = self.segment(index).page(start.take(), &self.inner.reads, &told).await?;
            start.clone_from(&page.next);
            self.run_page(page, &mut progress, observer, kept.is_some()).await?;
            progress.next = start.as_ref().map(json::to_string);
            progress.done = start.is_none();
            if let Some(kept) = kept {
                kept.save(index, &progress).await?;
            }
            if progress.done {
                return Ok((progress, false));
            }
        }
    }

    async fn run_page(
        &self,
        page: Page,
        progress: &mut Progress,
        observer: &dyn Observer,
        writes: bool,
    ) -> Result<(), MigrateError> {
        let mut refuse = |counts: &mut Counts, key: &Item, problem: &Problem| {
            counts.refused += 1;
            counts.too_large += u64::from(matches!(problem, Problem::TooLarge { .. }));
            let refused = Refused::new(key, problem);
            observer.refused(&refused);
            let bytes = |refused: &Refused| refused.key.len() + refused.reason.len();
            let remembered: usize = progress.refused.iter().map(bytes).sum();
            let fits = remembered + bytes(&refused) <= MOST_BYTES_REMEMBERED;
            if fits && progress.refused.len() < MOST_REMEMBERED {
                progress.refused.push(refused);
            }
        };
        let mut units = Counts { read_units: page.units, ..Counts::default() };
        for item in page.unknown {
            units.examined += 1;
            refuse(&mut units, &self.inner.target.key_of(&item), &Problem::UnknownType);
        }
        observer.progress(&units);
        progress.counts.add(&units);
        let items = stream::iter(page.items).map(|item| async move {
            let key = self.inner.target.key_of(&item);
            (key, self.run_item(item, observer, writes).await)
        });
        let mut items = items.buffer_unordered(self.inner.options.at_once());
        let failures = &self.inner.failures;
        while let Some((key, (mut counts, outcome))) = items.next().await {
            match outcome {
                Ok(()) => failures.store(0, Ordering::Relaxed),
                Err(Stop::Item(problem)) => {
                    if problem.is_of_key_service() {
                        let failures = failures.fetch_add(1, Ordering::Relaxed).saturating_add(1);
                        if failures >= MOST_SERVICE_FAILURES {
                            return Err(MigrateError::KeyService { failures, source: Box::new(problem) });
                        }
                    }
                    refuse(&mut counts, &key, &problem);
                }
                Err(Stop::Job(error)) => return Err(error),
            }
            observer.progress(&counts);
            progress.counts.add(&counts);
        }
        Ok(())
    }

    async fn run_item(&self, stored: Item, observer: &dyn Observer, writes: bool) -> (Counts, Result<(), Stop>) {
        let mut counts = Counts { examined: 1, ..Counts::default() };
        let outcome = self.change_item(stored, observer, writes, &mut counts).await;
        (counts, outcome)
    }

    async fn change_item(
        &self,
        mut stored: Item,
        observer: &dyn Observer,
        writes: bool,
        counts: &mut Counts,
    ) -> Result<(), Stop> {
        let Inner { client, table, source, target, options, .. } = &*self.inner;
        let told = |wait: &Wait| observer.waits(wait);
        let writer = Writer { client, table, source, target, pace: &self.inner.writes, told: &told };
        let mut first_form = None;
        let mut last: Option<(Item, usize)> = None;
        for _ in 0..MOST_ATTEMPTS {
            // The SDK repeats a write whose answer was lost, and then its condition fails because of the write itself.
            if let Some((new, before)) = last.take()
                && is_written(&stored, &new)
            {
                counts.done(first_form.unwrap_or(Form::Record), before, &new);
                counts.write_units += write_units(item_size(&new).max(before));
                return Ok(());
            }
            let Reformed { form, item, is_untold } = target.reform(source, &stored, options.reseals).await?;
            let Some(new) = item else {
                counts.current += 1;
                counts.untold += u64::from(is_untold);
                return Ok(());
            };
            if options.prove {
                target.prove(source, &stored, &new).await?;
            }
            let before = item_size(&stored);
            if !writes {
                counts.write_units += writer.check(&stored, &new).await?;
                counts.done(form, before, &new);
                return Ok(());
            }
            match writer.write(&stored, &new).await? {
                Written::Done(units) => {
                    counts.done(form, before, &new);
                    counts.write_units += units;
                    return Ok(());
                }
                Written::Gone => {
                    counts.gone += 1;
                    return Ok(());
                }
                Written::Changed(now) => {
                    counts.repeated += 1;
                    first_form = Some(form);
                    last = Some((new, before));
                    stored = *now;
                }
            }
        }
        Err(Problem::Contended { attempts: MOST_ATTEMPTS }.into())
    }
}

impl Counts {
    fn done(&mut self, form: Form, before: usize, new: &Item) {
        let bytes = |bytes: usize| u64::try_from(bytes).unwrap_or(u64::MAX);
        self.change(form);
        self.bytes_before += bytes(before);
        self.bytes_after += bytes(item_size(new));
    }
}
