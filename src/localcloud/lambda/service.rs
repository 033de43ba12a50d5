//! The service: requests to operations, and what goes on between them.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;
use serde_json::{Value, json};

use super::code::CodeStore;
use super::functions::json_reply;
use super::image::Image;
use super::pool::Pool;
use super::route::{Route, route};
use super::settings;
use crate::localcloud::cloud::Context;
use crate::localcloud::documents::Documents;
use crate::localcloud::faults::Fate;
use crate::localcloud::refusal::Refusal;
use crate::localcloud::service::{Service, Tagged};
use crate::localcloud::{Call, Reply, worker};

/// The kind of document that a function is.
pub(super) const FUNCTION: &str = "function";
/// The kind of document that a layer version is.
pub(super) const LAYER: &str = "layer";
/// The kind of document that an event is which still has to be run.
pub(super) const EVENT: &str = "event";

/// How many executions an account may have at once.
const CONCURRENT_EXECUTIONS: u64 = 1000;

/// What an operation answers.
pub(super) type Answer = Result<Reply, Refusal>;

/// AWS Lambda on this machine.
pub(crate) struct LambdaService {
    lambda: Arc<Lambda>,
}

/// What the operations share.
pub(super) struct Lambda {
    pub(super) context: Context,
    pub(super) documents: Documents,
    pub(super) store: CodeStore,
    pub(super) pool: Pool,
    stopping: AtomicBool,
}

impl LambdaService {
    /// Restores functions and layers from the cloud's folder, and ends what a crash left running.
    ///
    /// # Errors
    /// If the saved state cannot be read.
    pub(crate) async fn open(context: &Context) -> std::io::Result<Self> {
        if !context.has_no_engines() {
            worker::sweep(worker::HOME_MARK, &context.home.root().display().to_string()).await;
        }
        worker::clear_scratch(&context.home.scratch(), "lambda-")?;
        Ok(Self {
            lambda: Arc::new(Lambda {
                context: context.clone(),
                documents: Documents::open("lambda", &context.home)?,
                store: CodeStore::new(&context.home),
                pool: Pool::new(context),
                stopping: AtomicBool::new(false),
            }),
        })
    }
}

#[async_trait]
impl Service for LambdaService {
    fn signing_names(&self) -> &'static [&'static str] {
        &["lambda"]
    }

    async fn handle(&self, call: Call) -> Reply {
        self.lambda.answer(&call).await.unwrap_or_else(|refusal| refusal.reply())
    }

    async fn tagged(&self, region: &str) -> Vec<Tagged> {
        let functions = self.lambda.documents.list(region, FUNCTION).into_iter();
        functions.map(|(name, document)| Tagged::of_object(settings::arn(region, &name), &document["Tags"])).collect()
    }

    async fn resume(&self) {
        let lambda = Arc::clone(&self.lambda);
        self.lambda.context.tasks.spawn(async move { lambda.pool.end_idle().await });
        for region in self.lambda.documents.regions() {
            for (name, document) in self.lambda.documents.list(&region, FUNCTION) {
                let configuration = &document["Configuration"];
                if configuration["State"] == "Deleting" {
                    self.lambda.finish_deletion(&region, &name, &document).await;
                    continue;
                }
                if configuration["State"] != "Active" || configuration["LastUpdateStatus"] != "Successful" {
                    self.lambda.settle_later(&region, &name, &Fate::default());
                }
            }
        }
        self.lambda.resume_events();
    }

    async fn stop(&self) {
        self.lambda.stopping.store(true, Ordering::Relaxed);
        self.lambda.pool.stop().await;
    }
}

impl Lambda {
    async fn answer(self: &Arc<Self>, call: &Call) -> Answer {
        match route(call) {
            Route::CreateFunction => self.create_function(call).await,
            Route::ListFunctions => self.list_functions(call),
            Route::GetFunction(name) => self.get_function(call, &name),
            Route::DeleteFunction(name) => self.delete_function(call, &name).await,
            Route::GetConfiguration(name) => self.get_configuration(call, &name),
            Route::UpdateConfiguration(name) => self.update_configuration(call, &name).await,
            Route::UpdateCode(name) => self.update_code(call, &name).await,
            Route::DownloadCode(name) => self.download_code(call, &name),
            Route::ListVersions(name) => self.list_versions(call, &name),
            Route::Invoke(name) => self.invoke(call, &name).await,
            Route::InvokeAsync(name) => self.invoke_async(call, &name),
            Route::AddPermission(name) => self.add_permission(call, &name),
            Route::GetPolicy(name) => self.get_policy(call, &name),
            Route::RemovePermission(name, statement) => self.remove_permission(call, &name, &statement),
            Route::Tag(arn) => self.tag(call, &arn),
            Route::Untag(arn) => self.untag(call, &arn),
            Route::ListTags(arn) => self.list_tags(call, &arn),
            Route::PutConcurrency(name) => self.put_concurrency(call, &name),
            Route::GetConcurrency(name) => self.get_concurrency(call, &name),
            Route::DeleteConcurrency(name) => self.delete_concurrency(call, &name),
            Route::PutEventInvoke(name) => self.put_event_invoke(call, &name),
            Route::GetEventInvoke(name) => self.get_event_invoke(call, &name),
            Route::DeleteEventInvoke(name) => self.delete_event_invoke(call, &name),
            Route::ListLayers => self.list_layers(call),
            Route::GetLayerByArn(arn) => self.get_layer_by_arn(call, &arn),
            Route::PublishLayer(name) => self.publish_layer(call, &name).await,
            Route::ListLayerVersions(name) => self.list_layer_versions(call, &name),
            Route::GetLayer(name, version) => self.get_layer(call, &name, &version),
            Route::DeleteLayer(name, version) => self.delete_layer(call, &name, &version),
            Route::DownloadLayer(name, version) => self.download_layer(call, &name, &version),
            Route::AccountSettings => self.account_settings(call),
            Route::Unknown => {
                let message = format!("the local Lambda does not know {} {}", call.method, call.path());
                Err(Refusal::new("NotImplemented", message).status(501))
            }
        }
    }

    /// Returns a URL that answers without further signing, as AWS's presigned ones do.
    pub(super) fn download_url(&self, region: &str, path: &str) -> String {
        let scope = format!("X-Amz-Credential=test%2F20260101%2F{region}%2Flambda%2Faws4_request");
        format!("{}/{path}?{scope}", self.context.endpoint)
    }

    pub(super) fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::Relaxed)
    }

    /// Unzips a new or changed function, then calls it active.
    pub(super) fn settle_later(self: &Arc<Self>, region: &str, name: &str, fate: &Fate) {
        let (lambda, region, name, fate) = (Arc::clone(self), region.to_owned(), name.to_owned(), fate.clone());
        self.context.tasks.spawn(async move {
            fate.wait().await;
            let Some(document) = lambda.documents.get(&region, FUNCTION, &name) else { return };
            if document["Configuration"]["State"] == "Deleting" {
                return;
            }
            let prepared = lambda.prepare(&region, &document, &fate).await;
            lambda.documents.edit(&region, FUNCTION, &name, |document| {
                let Some(configuration) = document["Configuration"].as_object_mut() else { return };
                for reason in ["StateReason", "StateReasonCode", "LastUpdateStatusReason", "LastUpdateStatusReasonCode"]
                {
                    configuration.remove(reason);
                }
                let update = if prepared.is_ok() { "Successful" } else { "Failed" };
                configuration.insert("LastUpdateStatus".to_owned(), json!(update));
                // A function that ran before its update failed goes on as it was.
                let was_active = configuration.get("State").is_some_and(|state| state == "Active");
                let Err(reason) = &prepared else {
                    configuration.insert("State".to_owned(), json!("Active"));
                    return;
                };
                let (state, place) =
                    if was_active { ("Active", "LastUpdateStatusReason") } else { ("Failed", "StateReason") };
                configuration.insert("State".to_owned(), json!(state));
                configuration.insert(place.to_owned(), json!(reason));
                configuration.insert(format!("{place}Code"), json!("InternalError"));
            });
        });
    }

    /// Makes a function ready to run, unless it is to fail.
    async fn prepare(&self, region: &str, document: &Value, fate: &Fate) -> Result<(), String> {
        if let Some(failure) = fate.failure() {
            return Err(failure.reason("An internal error occurred while the function was prepared.").to_owned());
        }
        if self.context.has_no_engines() {
            return Ok(());
        }
        Image::prepare(region, document, &self.store).await.map(drop).map_err(|error| error.to_string())
    }

    /// Answers `GetAccountSettings`.
    fn account_settings(&self, call: &Call) -> Answer {
        let functions = self.documents.list(&call.region, FUNCTION);
        let layers = self.documents.list(&call.region, LAYER);
        let code = functions.iter().map(|(_, function)| &function["Configuration"]["CodeSize"]);
        let sizes = code.chain(layers.iter().map(|(_, layer)| &layer["Content"]["CodeSize"]));
        let total: u64 = sizes.filter_map(serde_json::Value::as_u64).sum();
        let reserved: u64 = functions.iter().filter_map(|(_, function)| function["Concurrency"].as_u64()).sum();
        json_reply(&json!({
            "AccountLimit": {
                "TotalCodeSize": 80_530_636_800_u64,
                "CodeSizeUnzipped": 262_144_000,
                "CodeSizeZipped": 52_428_800,
                "ConcurrentExecutions": CONCURRENT_EXECUTIONS,
                "UnreservedConcurrentExecutions": CONCURRENT_EXECUTIONS.saturating_sub(reserved),
            },
            "AccountUsage": { "TotalCodeSize": total, "FunctionCount": functions.len() },
        }))
    }
}
